import { sql } from 'kysely';
import type { z } from 'zod';
import type {
  ImportLine,
  ImportLinePage,
  ImportLineQuery,
  ImportLineState,
  ImportProblem,
} from '#contracts/imports/imports.ts';
import type { Sql } from '../../database.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';
import { unsealLine } from '../importRow.ts';

interface LineRow {
  number: number;
  line: number;
  state: ImportLineState;
  sealed: Buffer | null;
  tenantName: string | null;
  slug: string | null;
  externalId: string | null;
  tenantId: string | null;
  runId: string | null;
  errors: ImportProblem[];
  reasonCode: string | null;
  reason: string | null;
}

/** The lines of an import after one of them, in the order of the file. */
export async function listLines(
  em: Sql,
  keyring: Keyring,
  importId: string,
  { state, after, limit }: z.output<typeof ImportLineQuery>,
): Promise<ImportLinePage> {
  const found = await rows<LineRow>(em)`
    select l.number, l.line, l.state, l.sealed, t.name as "tenantName", l.slug, l.external_id as "externalId",
      l.tenant_id as "tenantId", l.run_id as "runId", l.errors, l.reason_code as "reasonCode", l.reason
    from import_lines l left join tenants t on t.id = l.tenant_id
    where l.import_id = ${importId} and l.number > ${after} and ${state ? sql`l.state = ${state}` : sql`true`}
    order by l.number limit ${limit + 1}`;
  const shown = found.slice(0, limit);
  return {
    items: shown.map((row) => viewLine(keyring, importId, row)),
    nextAfter: found.length > limit ? (shown.at(-1)?.number ?? null) : null,
  };
}

function viewLine(
  keyring: Keyring,
  importId: string,
  { sealed, tenantName, errors, reasonCode, reason, ...line }: LineRow,
): ImportLine {
  const said = sealed ? unsealLine<{ name: string | null }>(keyring, importId, line.number, sealed) : null;
  return {
    ...line,
    name: tenantName ?? said?.name ?? null,
    problems: errors,
    reason: reasonCode === null ? null : { code: reasonCode, text: reason ?? '' },
  };
}
