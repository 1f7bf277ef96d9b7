import { createHash } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import { canonical } from '../../audit/canonical.ts';
import { listKeys } from '../../audit/signingKeys.ts';
import { KeyBook } from '../../audit/statements.ts';
import type { Sql } from '../../database.ts';
import type { Place } from '../../places/place.ts';
import type { TenantKey } from '../../secrets/tenantKeys.ts';
import { json, rows } from '../../sql.ts';
import { folderOfTenant, manifestKeyOf, type BackupManifest } from '../format/manifest.ts';
import { openBackup } from '../format/readBackup.ts';
import { placed } from '../format/refusals.ts';

/**
 * Backups of a tenant that lie in the place and that an earlier registry knows nothing of are known again: those whose signature, tenant and key are
 * right. Returns how many.
 */
export async function adoptBackups(
  em: Sql,
  { place, key }: { place: Place; key: TenantKey },
  { tenantId, runId }: { tenantId: string; runId: string },
): Promise<number> {
  const known = await rows<{ id: string }>(em)`select id from backups where tenant_id = ${tenantId}`;
  const ids = new Set(known.map(({ id }) => id));
  const keys = new KeyBook(await listKeys(em));
  let adopted = 0;
  for (const backupId of await idsIn(place, tenantId)) {
    if (ids.has(backupId)) continue;
    const manifest = await believed(() => openBackup({ place, key, tenantId, backupId }, { keys }));
    if (!manifest) continue;
    await write(em, manifest, runId);
    adopted += 1;
  }
  return adopted;
}

async function idsIn(place: Place, tenantId: string): Promise<string[]> {
  return placed(async () => {
    const ids: string[] = [];
    for await (const { key } of place.list(folderOfTenant(tenantId))) {
      const backupId = key.split('/')[2] ?? '';
      if (key === manifestKeyOf({ tenantId, backupId })) ids.push(backupId);
    }
    return ids;
  });
}

/** One that is not what was written is passed over: it is none that could be restored. */
async function believed(open: () => Promise<{ manifest: BackupManifest }>): Promise<BackupManifest | null> {
  try {
    return (await open()).manifest;
  } catch (error) {
    if (error instanceof DomainError && !error.code.startsWith('backup_place')) return null;
    throw error;
  }
}

async function write(em: Sql, manifest: BackupManifest, runId: string): Promise<void> {
  const total = (of: 'rows' | 'objects' | 'bytes'): number => manifest.sources.reduce((sum, one) => sum + one[of], 0);
  const stored = manifest.parts.reduce((sum, part) => sum + part.stored, manifest.index.stored);
  const sources = manifest.sources.map(({ source, at, parts, rows: count, objects, bytes }) => ({
    ...{ source, at, parts, rows: count, objects, bytes },
  }));
  await rows(em)`
    insert into backups (id, tenant_id, run_id, cause, state, at, finished_at, skew_ms, fence_ms, schema_version, digest, sources, rows, objects,
      bytes, stored_bytes)
    values (${manifest.backup}, ${manifest.tenant}, ${runId}, 'asked', 'kept', ${manifest.at}, ${manifest.finishedAt}, ${manifest.skewMs},
      ${manifest.fenceMs}, ${manifest.schemaVersion}, ${createHash('sha256').update(canonical(manifest)).digest()}, ${json(sources)}::jsonb,
      ${total('rows')}, ${total('objects')}, ${total('bytes')}, ${stored})
    on conflict (id) do nothing`;
}
