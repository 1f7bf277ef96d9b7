import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { writeTag } from '#domain/resources/tags.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../servers/installation.ts';
import { addLicensedPlan, licensedPlan } from '../servers/licensedPlan.ts';
import { plantings } from '../servers/plantings.ts';
import type { PlantContext } from '../servers/plantings/planting.ts';
import { remainsOf } from '../servers/remains.ts';

describe('provisioning where something foreign has the name', () => {
  let installation: TestInstallation;
  before(async () => {
    installation = await TestInstallation.start();
    await addLicensedPlan(installation);
    await installation.startWorker();
  });
  after(() => installation.stop());

  /** A tenant whose run is in the ledger and not started: what others make now is there before we are. */
  async function registered(kind: string): Promise<PlantContext> {
    const { platform } = installation;
    const plan = kind === 'license' ? licensedPlan : 'standard';
    const { tenantId, runId } = await installation.em.transactional((em) =>
      registerTenant(em, platform.tenantKeys, { name: `Meets a foreign ${kind}`, plan }, theSystem),
    );
    const [resource] = await installation.asAdmin<{ id: string }>(
      null,
      'select id from resources where tenant_id = $1 and provider = $2',
      [tenantId, kind],
    );
    const { id: installationId, keyring } = platform.installation;
    const ids = { installationId, tenantId, resourceId: resource!.id, runId };
    const spec = { ...ids, epoch: 1, region: 'default', access: 'open' as const };
    return { installation, spec, tag: writeTag(keyring, spec) };
  }

  for (const [kind, planting] of Object.entries(plantings))
    for (const [what, plant] of Object.entries(planting.foreign))
      it(`takes back what it made and leaves ${what} (${kind}) byte for byte as it was`, async () => {
        const context = await registered(kind);
        await plant(context);
        const before = await planting.snapshot(context);
        const foreign = (await remainsOf(installation, context.spec.tenantId)).filter(
          (one) => !one.startsWith('address'),
        );

        await startRun(installation.platform, installation.temporal.client, context.spec.runId);
        const run = await installation.runIsOver(context.spec.runId);

        assert.equal(run.state, 'rolled_back');
        assert.match(run.reason ?? '', /does not carry our tag|has another realm|is not ours/);
        assert.deepEqual(await planting.snapshot(context), before);
        assert.deepEqual(await remainsOf(installation, context.spec.tenantId), foreign);
      });
}).timeout(60_000);
