import { percentile } from '../drill.ts';
import { allCells, type Hit } from './batch.ts';
import { victims, type Victim } from './victims.ts';

/** Every cell as `hits (median/slowest recovery in seconds)`. */
export function tableOf(outcomes: { victim: Victim; hits: Hit[] }[]): string[] {
  const cut = new Map<string, number[]>();
  const key = (victim: Victim, at: number) => `${victim} ${at}`;
  for (const { victim, hits } of outcomes)
    for (const { cell, recoverySeconds } of hits) {
      const name = key(victim, allCells.indexOf(cell));
      cut.set(name, [...(cut.get(name) ?? []), recoverySeconds]);
    }
  const wasCut = (at: number) => victims.some((victim) => cut.has(key(victim, at)));
  const lines = [...allCells.entries()]
    .filter(([at]) => wasCut(at))
    .map(([at, { story, place }]) => [
      story.kind,
      place.step,
      place.moment,
      ...victims.map((victim) => {
        const seconds = cut.get(key(victim, at));
        return seconds
          ? `${seconds.length} (${percentile(seconds, 0.5).toFixed(1)}/${percentile(seconds, 1).toFixed(1)})`
          : '–';
      }),
    ]);
  const rows = [['workflow', 'step', 'cut', ...victims], ...lines];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
