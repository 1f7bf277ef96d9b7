import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { parsedLines } from '../format/jsonLines.ts';
import { readPart, type OpenBackup } from '../format/readBackup.ts';
import { HeldPerson } from '../people/heldPeople.ts';

/** Who was there when a backup was made; null when it holds no people. */
export async function peopleOf(backup: OpenBackup, signal: AbortSignal): Promise<string[] | null> {
  const part = backup.parts.find(({ source, about }) => source === 'realm' && about?.['role'] === 'people');
  if (!part) return null;
  const ids: string[] = [];
  for await (const { id } of parsedLines(readPart(backup, part), HeldPerson)) {
    signal.throwIfAborted();
    ids.push(id);
  }
  return ids;
}

/** Whom a restore brought back goes again; behind closed doors nobody else came. */
export async function removePeopleSince(em: Sql, tenantId: string, before: string[] | null): Promise<void> {
  if (before === null) return;
  await rows(em)`delete from users where tenant_id = ${tenantId} and not (id = any(${before}::uuid[]))`;
}
