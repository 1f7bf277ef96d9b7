import { allCells, type Hit } from './batch.ts';
import { victims, type Victim } from './victims.ts';

/** Every cell as `hits (recovery in seconds)`. */
export function tableOf(outcomes: { victim: Victim; hits: Hit[] }[]): string[] {
  const cut = new Map<string, Hit[]>();
  const key = (victim: Victim, at: number) => `${victim} ${at}`;
  for (const { victim, hits } of outcomes)
    for (const hit of hits) {
      const name = key(victim, allCells.indexOf(hit.cell));
      cut.set(name, [...(cut.get(name) ?? []), hit]);
    }
  const wasCut = (at: number) => victims.some((victim) => cut.has(key(victim, at)));
  const lines = [...allCells.entries()]
    .filter(([at]) => wasCut(at))
    .map(([at, { story, place }]) => [
      story.kind,
      place.step,
      place.moment,
      ...victims.map((victim) => {
        const hits = cut.get(key(victim, at));
        const measured = hits?.find(({ isMeasured }) => isMeasured);
        return hits && measured ? `${hits.length} (${measured.recoverySeconds.toFixed(1)})` : '–';
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
