import { DomainError } from '#contracts/errors.ts';
import type { ImportFormat, ImportMapping, ImportProblem, ImportState } from '#contracts/imports/imports.ts';
import type { Sql } from '../database.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { rows } from '../sql.ts';

/** What was asked for with the file. */
export interface ImportOptions {
  plan: string | null;
  region: string | null;
  mapping: ImportMapping;
  dryRun: boolean;
  startWhenValid: boolean;
  invitations: 'hold' | 'send';
}

export interface ImportRow {
  id: string;
  runId: string | null;
  state: ImportState;
  fileName: string;
  format: ImportFormat;
  options: ImportOptions;
  bytes: string | null;
  digest: Buffer | null;
  lineCount: number | null;
  problems: ImportProblem[];
  checkToken: string | null;
  skipsInvalid: boolean;
  createdBy: string | null;
  createdAt: string;
  checkedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  expiresAt: string | null;
  clearedAt: string | null;
}

/** The columns of `imports` in a select list, by the names of {@link ImportRow}. */
const read = (em: Sql) => rows<ImportRow>(em);

/** Holds its row until the transaction ends. Refuses with `not_found`. */
export async function lockImport(em: Sql, importId: string): Promise<ImportRow> {
  const [found] = await read(em)`
    select id, run_id as "runId", state, file_name as "fileName", format, options, bytes, digest, line_count as "lineCount", problems,
      check_token as "checkToken", skips_invalid as "skipsInvalid", created_by as "createdBy", created_at as "createdAt",
      checked_at as "checkedAt", started_at as "startedAt", finished_at as "finishedAt", expires_at as "expiresAt",
      cleared_at as "clearedAt"
    from imports where id = ${importId} for update`;
  if (!found) throw new DomainError('not_found', 'There is no such import.');
  return found;
}

/** States in which nothing more happens by itself. */
export const overStates = ['done', 'incomplete', 'checked', 'refused', 'cancelled', 'expired'] as const;
export const importIsOver = (state: ImportState): boolean => (overStates as readonly ImportState[]).includes(state);

/** Names and addresses of people who belong to no tenant yet: sealed with the platform's key, each in its place. */
export const sealLine = ({ platformKey }: Keyring, importId: string, number: number, value: unknown): Buffer =>
  seal(platformKey, Buffer.from(JSON.stringify(value)), `import/${importId}/line/${number}`);

export const unsealLine = <Value>({ platformKey }: Keyring, importId: string, number: number, sealed: Buffer): Value =>
  JSON.parse(unseal(platformKey, sealed, `import/${importId}/line/${number}`).toString()) as Value;

export const sealChunk = ({ platformKey }: Keyring, importId: string, number: number, bytes: Buffer): Buffer =>
  seal(platformKey, bytes, `import/${importId}/chunk/${number}`);

export const unsealChunk = ({ platformKey }: Keyring, importId: string, number: number, sealed: Buffer): Buffer =>
  unseal(platformKey, sealed, `import/${importId}/chunk/${number}`);
