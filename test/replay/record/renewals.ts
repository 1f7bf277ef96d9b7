import { theSystem } from '#domain/events/appendEvent.ts';
import { rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import { openReissue } from '#domain/licenses/reissuing/reissueAll.ts';
import { startRun } from '#temporal/startRun.ts';
import { RenewalWorld } from '#test/scenarios/renewals/renewalWorld.ts';
import type { Recorder } from '../recorder.ts';

/** Licences that go on: paid, unpaid, approved, for nothing, and taken back. */
export async function renewals({ installation, record }: Recorder): Promise<void> {
  const world = new RenewalWorld(installation);
  const { tenantId } = await installation.provision({ name: 'Recorded and renewed' });
  const asked = async (more: { rules?: object; amount?: number } = {}) => {
    const { id } = await world.license(tenantId, more);
    return world.renew(id);
  };
  const waiting = async (more: { rules?: object } = {}) => {
    const opened = await asked(more);
    await installation.runIs('waiting', opened.runId);
    return opened;
  };
  const paid = await waiting();
  await world.settle(paid.renewalId, 'paid');
  await record('renewLicense.paid', paid.runId);
  const unpaid = await waiting();
  await world.settle(unpaid.renewalId, 'declined');
  await record('renewLicense.declined', unpaid.runId);
  const cancelled = await waiting();
  await installation.cancelRun(cancelled.runId);
  await record('renewLicense.cancelled', cancelled.runId);
  const approval = { rules: { renewal: { mode: 'approval' } } };
  const approved = await waiting(approval);
  await installation.decide(approved.runId, 'continue');
  await installation.until('it to wait for its payment', 20_000, async () => {
    const { held } = await installation.run(approved.runId);
    return held?.by === 'payment';
  });
  await world.settle(approved.renewalId, 'paid');
  await record('renewLicense.approved', approved.runId);
  const refused = await waiting(approval);
  await installation.decide(refused.runId, 'roll_back');
  await record('renewLicense.notApproved', refused.runId);
  const leaked = await world.license(tenantId, { rules: { product: 'leaked' } });
  const { platform, em } = installation;
  const { runId } = await em.transactional(async (tx) => {
    const now = new Date();
    const rotation = { publishSeconds: 0, compromised: true, now };
    await rotateLicenseKey(tx, platform.installation, 'leaked', rotation, theSystem);
    return openReissue(tx, platform.installation, { product: 'leaked', kid: leaked.kid, now }, theSystem);
  });
  await startRun(platform, installation.temporal.client, runId);
  await record('reissueLicenses.succeeds', runId);
  await record('renewLicense.free', (await asked({ amount: 0 })).runId);
}
