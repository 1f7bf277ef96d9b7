import type { LicenseAnalytics, UsageReport } from '#contracts/licenses/analytics.ts';

const dayMs = 86_400_000;
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const dayAndYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});
const month = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });

/** Every day of the report, also those on which nothing was used, of one meter. */
export function dailyBars({ from, to, series }: UsageReport, meter: string): { title: string; value: number }[] {
  const used = new Map(
    series.filter((one) => one.meter === meter).map(({ at, quantity }) => [Date.parse(at), quantity]),
  );
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const words = last - first > 300 * dayMs ? dayAndYear : day;
  return Array.from({ length: Math.round((last - first) / dayMs) + 1 }, (_, at) => {
    const time = first + at * dayMs;
    return { title: words.format(time), value: used.get(time) ?? 0 };
  });
}

export const renewalBars = (renewals: LicenseAnalytics['renewals']): { title: string; value: number; part: number }[] =>
  renewals.map(({ month: of, ended, renewed }) => ({
    title: month.format(Date.parse(`${of}-01`)),
    value: ended,
    part: renewed,
  }));

/** `83 %` of the terms that ended were renewed; a dash where none ended. */
export function rateText(renewals: LicenseAnalytics['renewals']): string {
  const sum = (of: 'ended' | 'renewed') => renewals.reduce((total, one) => total + one[of], 0);
  const ended = sum('ended');
  return ended === 0 ? '–' : `${Math.round((100 * sum('renewed')) / ended)} %`;
}
