/** How high a length of time is drawn, and where lines of help are. */
export interface TrendScale {
  /** 0 at the ground, 1 at the top. */
  heightOf(milliseconds: number): number;
  ticks: number[];
  isLogarithmic: boolean;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const nice = [
  ...[second, 5 * second, 10 * second, 30 * second, minute, 5 * minute, 10 * minute, 30 * minute],
  ...[hour, 2 * hour, 4 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 30 * day, 90 * day],
];
const powers = [second, 10 * second, minute, 10 * minute, hour, 6 * hour, day, 7 * day, 30 * day];
const room = 1.12;
/** Below this part of what is promised, values would lie on the ground of an even scale. */
const tooLow = 0.1;

/** So that both what was measured and what is promised can be seen: even, or by powers where they are far apart. */
export function scaleOf(values: readonly number[], target: number): TrendScale {
  const most = Math.max(target, ...values) * room;
  const highest = Math.max(0, ...values);
  if (values.length > 0 && highest < target * tooLow) {
    const ground = 100;
    const of = (ms: number) => Math.log(Math.max(ms, ground) / ground) / Math.log(most / ground);
    return { heightOf: of, ticks: powers.filter((tick) => tick < most), isLogarithmic: true };
  }
  const step = nice.find((one) => most / one <= 4) ?? Math.ceil(most / (4 * 90 * day)) * 90 * day;
  const ticks = Array.from({ length: Math.floor(most / step) }, (_, at) => (at + 1) * step);
  return { heightOf: (ms) => ms / most, ticks, isLogarithmic: false };
}
