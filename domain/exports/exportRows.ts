import { v7 as newId } from 'uuid';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { WrittenExport } from './writeExport.ts';

export interface ExportRow {
  id: string;
  tenantId: string;
  manifestDigest: Buffer | null;
  createdAt: string;
  verifiedAt: string | null;
}

/** The export of a run that is not removed; null when there is none. */
export async function exportOfRun(em: Sql, runId: string): Promise<ExportRow | null> {
  const [row] = await rows<ExportRow>(em)`
    select id, tenant_id as "tenantId", manifest_digest as "manifestDigest", created_at as "createdAt", verified_at as "verifiedAt"
    from tenant_exports where run_id = ${runId} and removed_at is null order by created_at desc limit 1`;
  return row ?? null;
}

/** Its row comes before its first file, so that what a killed attempt left is found. */
export async function beginExport(em: Sql, { tenantId, runId }: { tenantId: string; runId: string }): Promise<string> {
  const id = newId();
  await rows(em)`insert into tenant_exports (id, tenant_id, run_id) values (${id}, ${tenantId}, ${runId})`;
  return id;
}

export const markWritten = (em: Sql, id: string, written: WrittenExport): Promise<unknown> =>
  rows(em)`
    update tenant_exports set manifest_digest = ${written.manifestDigest}, files = ${written.files}, rows = ${written.rows},
      bytes = ${written.bytes}, verified_at = null
    where id = ${id}`;

export const markVerified = (em: Sql, id: string): Promise<unknown> =>
  rows(em)`update tenant_exports set verified_at = clock_timestamp() where id = ${id}`;

/** With it end its links. */
export const markRemoved = (em: Sql, id: string): Promise<unknown> =>
  rows(em)`
    with ended as (
      update export_links set revoked_at = clock_timestamp() where export_id = ${id} and revoked_at is null)
    update tenant_exports set removed_at = clock_timestamp() where id = ${id} and removed_at is null`;

/** Whatever was exported of a tenant and may still lie in the place. */
export const exportsOf = (em: Sql, tenantId: string): Promise<{ id: string }[]> =>
  rows<{ id: string }>(em)`select id from tenant_exports where tenant_id = ${tenantId} and removed_at is null`;
