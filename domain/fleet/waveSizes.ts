import type { FleetSettings, WaveSize } from '#contracts/fleet/migrations.ts';

export interface PlannedWave {
  title: string;
  tenants: number;
  soakSeconds: number;
  approval: boolean;
}

const countOf = (size: WaveSize, total: number): number =>
  'tenants' in size ? size.tenants : Math.max(1, Math.ceil((total * size.percent) / 100));

/** Titles and paces of a run's waves; the last one takes what is left. Known before anybody is counted. */
export function wavesOf({ canary, waves }: Pick<FleetSettings, 'canary' | 'waves'>): Omit<PlannedWave, 'tenants'>[] {
  const pace = ({ soakSeconds, approval }: { soakSeconds: number; approval: boolean }) => ({ soakSeconds, approval });
  return [
    ...(canary ? [{ title: 'Canary', ...pace(canary) }] : []),
    ...waves.map((wave, at) => ({ title: `Wave ${at + 1}`, ...pace(wave) })),
    {
      title: canary || waves.length > 0 ? 'All the others' : 'All tenants',
      ...{ soakSeconds: 0, approval: false },
    },
  ];
}

/**
 * How many tenants each wave takes of those that are behind. Percentages are of all of them; what is asked for and not there is
 * left out, and the last wave takes the rest.
 *
 * @param chosen how many of the canary's named tenants are behind
 */
export function sizesOf(
  settings: Pick<FleetSettings, 'canary' | 'waves'>,
  { total, chosen }: { total: number; chosen: number },
): PlannedWave[] {
  const wanted = [
    ...(settings.canary ? [settings.canary.size ? countOf(settings.canary.size, total) : chosen] : []),
    ...settings.waves.map(({ size }) => countOf(size, total)),
  ];
  let left = total;
  return wavesOf(settings).map((wave, at) => {
    const tenants = Math.min(left, wanted[at] ?? left);
    left -= tenants;
    return { ...wave, tenants };
  });
}

/** How many tenants may fail before a run stops. */
export const budgetOf = ({ errorBudget }: Pick<FleetSettings, 'errorBudget'>, total: number): number =>
  'tenants' in errorBudget ? errorBudget.tenants : Math.floor((total * errorBudget.percent) / 100);
