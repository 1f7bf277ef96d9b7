import { plant, plantedEdits, type PlantedEdit } from '#test/replay/plantedEdits.ts';
import { currentBundle, recordedHistories, recordOf, replay, type Recorded } from '#test/replay/replaying.ts';
import type { Breach, Drill, Outcome } from './drill.ts';

const editsAtLeast = 12;

/** Recorded runs of all versions go on with today's workflows, and edits that would break them are noticed. */
export const replayOfVersions: Drill = {
  id: 'D10',
  title: 'replay of recorded histories, and planted edits that must be caught',
  full: () => replayAll(recordedHistories, plantedEdits),
  // All of them are replayed by test/replay as well.
  subset: ({ random }) => replayAll(random.some(recordedHistories, 3), random.some(plantedEdits, 3)),
};

async function replayAll(records: readonly Recorded[], edits: readonly PlantedEdit[]): Promise<Outcome> {
  const bundle = await currentBundle();
  const breaches: Breach[] = [];
  for (const record of records)
    await replay(bundle, record).catch((error: Error) =>
      breaches.push({ rule: 'D10', what: `${record.name} does not go on: ${error.message}` }),
    );
  let caught = 0;
  for (const edit of edits) {
    const end = await replay(plant(bundle, edit), recordOf(edit.breaks)).catch((error: Error) => error.name);
    if (end === 'DeterminismViolationError') caught += 1;
    else breaches.push({ rule: 'D10', what: `${edit.what} was not noticed by ${edit.breaks}: ${end ?? 'it went on'}` });
  }
  const limit = edits === plantedEdits ? { limit: { atLeast: editsAtLeast } } : {};
  return {
    figures: [
      { what: 'histories replayed', value: records.length, unit: '' },
      { what: 'planted edits caught', value: caught, unit: '', ...limit },
    ],
    breaches,
  };
}
