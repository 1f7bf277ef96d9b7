import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { withLock } from '#local/buildLock.ts';
import { describeProcess, readLiving, removeRecord, writeRecord } from '#local/processes.ts';

const recordName = 'holder';

/** One operator at a time to a journal; what a killed process held is nobody's. Refuses with `journal_held`, naming who is at it. */
export async function holdJournal(folder: string, operator: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await withLock(join(folder, 'holding.lock'), async () => {
    const other = await readLiving(folder, recordName);
    if (other)
      throw new DomainError(
        'journal_held',
        `${other.details['operator'] ?? 'Somebody'} carries it out already: process ${other.pid} on ${other.details['machine'] ?? 'this machine'}, since ${other.details['since'] ?? 'a while'}. Nothing was done.`,
      );
    const details = { operator, machine: hostname(), since: new Date().toISOString() };
    await writeRecord(folder, recordName, await describeProcess(process.pid, details));
  });
  return () => removeRecord(folder, recordName);
}
