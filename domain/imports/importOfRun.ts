import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** What an import's run is about. */
export async function importOfRun(em: Sql, runId: string): Promise<string> {
  const [run] = await rows<{ importId: string | null }>(
    em,
  )`select subject_id as "importId" from runs where id = ${runId}`;
  if (!run?.importId) throw new Error(`run ${runId} is about no import`);
  return run.importId;
}
