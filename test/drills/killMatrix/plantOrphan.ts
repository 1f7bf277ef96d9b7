import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf } from '#domain/resources/names.ts';
import { writeTag } from '#domain/resources/tags.ts';
import { rows } from '#domain/sql.ts';
import type { Ground } from '../ground.ts';

/** The bucket of a removed tenant, as an attempt that was thought dead would have made it again. */
export async function plantOrphan({ installation }: Ground, tenantId: string): Promise<void> {
  const { id: installationId, keyring } = installation.platform.installation;
  const [resource] = await rows<{ resourceId: string; runId: string }>(installation.em)`
    select id as "resourceId", run_id as "runId" from resources where tenant_id = ${tenantId} and provider = 'storage'`;
  if (!resource) throw new Error(`tenant ${tenantId} never had a bucket`);
  const bucket = join(installation.configuration.storageDir, bucketNameOf(tenantId));
  await rm(bucket); // its tombstone, which is cleared after an hour
  await mkdir(bucket);
  await writeFile(join(bucket, '.tenantry-owner'), writeTag(keyring, { installationId, tenantId, ...resource }));
}
