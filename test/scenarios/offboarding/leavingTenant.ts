import pg from 'pg';
import type { Run } from '#contracts/runs.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openOffboarding } from '#domain/offboarding/openOffboarding.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '../../servers/installation.ts';

export interface Leaving {
  tenantId: string;
  slug: string;
  runId: string;
}

/** Opens an offboarding as the API does, and starts its workflow. */
export async function offboard(
  installation: TestInstallation,
  { tenantId, slug }: { tenantId: string; slug: string },
  graceDays = 30,
): Promise<Leaving> {
  const opened = await installation.em.transactional((em) =>
    openOffboarding(em, installation.configuration, tenantId, { confirm: slug, graceDays }, theSystem),
  );
  await startRun(installation.platform, installation.temporal.client, opened.runId);
  return opened;
}

/** Waits until it can be undone and nothing else is done. */
export const inGrace = (installation: TestInstallation, runId: string): Promise<Run> =>
  installation.until(`run ${runId} to wait`, 30_000, async () => {
    const run = await installation.run(runId);
    return run.held?.by === 'grace' ? run : null;
  });

/** Waits for the run that destroys the key, and its certificate. */
export async function certified(installation: TestInstallation, tenantId: string): Promise<Run> {
  const runId = await installation.until('the shredding', 30_000, async () => {
    const [row] = await installation.asAdmin<{ id: string }>(
      null,
      'select shred_run_id as id from erasures where tenant_id = $1 and shred_run_id is not null',
      [tenantId],
    );
    return row?.id ?? null;
  });
  return installation.runIsOver(runId, 60_000);
}

/** In the tenant's own database, as its administrator. */
export async function inTenant(
  installation: TestInstallation,
  tenantId: string,
  text: string,
): Promise<pg.QueryResult> {
  const [store] = await installation.asAdmin<{ name: string }>(
    null,
    `select s.database_name as name from resources r join data_stores s on s.id = r.store_id
     where r.tenant_id = $1 and r.provider = 'database'`,
    [tenantId],
  );
  const url = new URL(installation.adminUrl);
  url.pathname = `/${store?.name ?? ''}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    // What it makes belongs to whom everything in the schema belongs.
    const provisioner = decodeURIComponent(new URL(installation.configuration.provisionerDatabaseUrl!).username);
    await client.query(`set role ${pg.escapeIdentifier(provisioner)}`);
    await client.query(`set search_path = ${pg.escapeIdentifier(schemaNameOf(tenantId))}`);
    return await client.query(text);
  } finally {
    await client.end();
  }
}
