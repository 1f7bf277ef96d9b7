import { sql } from 'kysely';
import type {
  EvidenceBundle,
  EvidenceFile,
  EvidencePage,
  EvidenceQuery,
  EvidenceTotals,
} from '#contracts/backups/evidence.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { fileOf } from './issueEvidence.ts';

/** What is of all tenants is for who reaches all. */
const isSeen = (reach: Reach) =>
  reach.everything && reach.within === null
    ? sql`true`
    : sql`(e.tenant_id is not null and ${withinReach(reach, sql`e.tenant_id`)})`;

interface Row {
  id: string;
  tenant_id: string | null;
  name: string | null;
  from: string;
  to: string;
  issued_at: string;
  digest: string;
  totals: EvidenceTotals;
}

/** What was issued, the newest first. */
export async function listEvidence(
  em: Sql,
  { tenantId, cursor, limit }: EvidenceQuery,
  reach: Reach,
): Promise<EvidencePage> {
  const after = cursor ? readCursor(cursor, 'time') : null;
  const found = await rows<Row>(em)`
    select e.id, e.tenant_id, t.name, to_char(e.from_day, 'YYYY-MM-DD') as from, to_char(e.to_day, 'YYYY-MM-DD') as to, e.issued_at,
      encode(e.digest, 'hex') as digest, e.bundle -> 'totals' as totals
    from evidence_bundles e left join tenants t on t.id = e.tenant_id
    where ${isSeen(reach)} and (${tenantId ?? null}::uuid is null or e.tenant_id = ${tenantId ?? null}::uuid)
      and (${after?.value ?? null}::timestamptz is null
           or (e.issued_at, e.id) < (${after?.value ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by e.issued_at desc, e.id desc limit ${limit + 1}`;
  const items = found.slice(0, limit).map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    tenantName: row.name,
    from: row.from,
    to: row.to,
    at: isoOf(row.issued_at),
    digest: row.digest,
    totals: row.totals,
  }));
  const last = items.at(-1);
  return { items, nextCursor: last && found.length > limit ? writeCursor(last.at, last.id) : null };
}

/** As it was signed, with the keys that verify it. Refuses with `not_found`. */
export async function viewEvidence(em: Sql, id: string, reach: Reach): Promise<EvidenceFile> {
  const [row] = await rows<{ bundle: EvidenceBundle; digest: string }>(em)`
    select e.bundle, encode(e.digest, 'hex') as digest from evidence_bundles e where e.id = ${id} and ${isSeen(reach)}`;
  if (!row) throw new DomainError('not_found', 'There is no such evidence.');
  return fileOf(em, row.bundle, row.digest);
}
