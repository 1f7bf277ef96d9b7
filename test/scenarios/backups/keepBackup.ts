import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { copyTenant } from '#activities/backups/copyTenant.ts';
import { canonical } from '#domain/audit/canonical.ts';
import { signerOf } from '#domain/audit/signingKeys.ts';
import { openTemporalClient } from '#temporal/connection.ts';
import { specsOfTenant } from './specsOfTenant.ts';
import { createDeps } from '#workers/createDeps.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

/**
 * A backup of a tenant as its own run would have written it, in the place and in the registry. Returns its id.
 *
 * @param at of which moment its row says that it is; its own when left out
 */
export async function keepBackup(installation: TestInstallation, tenantId: string, at?: Date): Promise<string> {
  const temporal = openTemporalClient(installation.platform);
  const deps = createDeps(installation.platform, temporal.client);
  try {
    const backupId = newId();
    const sources = (await specsOfTenant(installation, tenantId)).map(({ kind, spec }) => ({
      provider: deps.providers[kind]!,
      ref: spec,
    }));
    const target = { place: deps.backupPlace, key: await deps.tenantKeys.of(tenantId), tenantId, backupId };
    const signer = await signerOf(installation.em, deps.installation);
    const { signal } = new AbortController();
    const head = { installationId: deps.installation.id };
    const { manifest, storedBytes } = await copyTenant(sources, target, head, { signer, signal });
    const total = (of: 'rows' | 'objects' | 'bytes') => manifest.sources.reduce((sum, one) => sum + one[of], 0);
    await installation.asAdmin(
      null,
      `insert into backups (id, tenant_id, run_id, cause, state, at, finished_at, skew_ms, schema_version, digest, sources, rows, objects,
         bytes, stored_bytes)
       select $1, $2, (select id from runs where tenant_id = $2 order by created_at limit 1), 'asked', 'kept', $3, $4, $5, $6, $7, $8, $9,
         $10, $11, $12`,
      [
        ...[backupId, tenantId, at ?? manifest.at, manifest.finishedAt, manifest.skewMs, manifest.schemaVersion],
        createHash('sha256').update(canonical(manifest)).digest(),
        JSON.stringify(manifest.sources),
        ...[total('rows'), total('objects'), total('bytes'), storedBytes],
      ],
    );
    return backupId;
  } finally {
    await deps.closeStores();
    await temporal.close();
  }
}
