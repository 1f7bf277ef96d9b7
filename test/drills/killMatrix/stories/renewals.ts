import type { NewRenewal } from '#contracts/licenses/renewals.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import { openReissue } from '#domain/licenses/reissuing/reissueAll.ts';
import { rows } from '#domain/sql.ts';
import { RenewalWorld } from '#test/scenarios/renewals/renewalWorld.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { local, noted, step, written } from '../places.ts';
import { provisioned, type Begun, type Story } from '../story.ts';

const wanted: NewRenewal = { kind: 'renewal' };

/** What an operator says of the money was written before the workflow asks for the first time. */
const asked =
  ({ outcome, amount }: { outcome: 'paid' | 'declined'; amount?: number }) =>
  async ({ installation }: Ground, tenant: Acknowledged | null): Promise<Begun> => {
    if (!tenant) throw new Error('no tenant was prepared');
    const world = new RenewalWorld(installation);
    const { id } = await world.license(tenant.tenantId, amount === undefined ? {} : { amount });
    const { renewalId, runId } = await world.open(id, { cause: 'asked', wanted });
    await rows(installation.em)`
      insert into renewal_payments (renewal_id, tenant_id, provider, state, currency, amount, settled_as)
      select id, tenant_id, 'manual', 'asked', quote ->> 'currency', (quote ->> 'amount')::bigint, ${outcome}
      from license_renewals where id = ${renewalId} and (quote ->> 'amount')::bigint > 0`;
    return { runId, subject: tenant.tenantId };
  };

/** Of a tenant that pays by card: held, and then taken. */
const charged =
  (paymentMethod: string) =>
  async ({ installation }: Ground, tenant: Acknowledged | null): Promise<Begun> => {
    if (!tenant) throw new Error('no tenant was prepared');
    const world = new RenewalWorld(installation);
    await world.byCard(tenant.tenantId, paymentMethod);
    const { id } = await world.license(tenant.tenantId);
    const { runId } = await world.open(id, { cause: 'asked', wanted });
    return { runId, subject: tenant.tenantId };
  };

const byCard: Story = {
  title: 'a licence is renewed by card',
  kind: 'renewLicense',
  places: [
    ...step('renewal.authorise', 'renewal.authorise', 'done'),
    ...step('renewal.capture', 'renewal.capture', 'done'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: charged('pm_card'),
  ends: { run: 'succeeded', tenant: 'active' },
};

/** The money is held, and then nothing more can be done. */
const heldAndLetGo: Story = {
  title: 'what was held for a renewal is let go',
  kind: 'renewLicense',
  places: [...written('renewal.authorise', 'renewal.void'), ...noted('renewal.authorise', 'renewal.authorise.undone')],
  fails: [{ at: 'renewal.capture', when: 'before' }],
  prepare: provisioned([]),
  open: charged('pm_card'),
  ends: { run: 'rolled_back', tenant: 'active' },
};

const paid: Story = {
  title: 'a licence is renewed and paid',
  kind: 'renewLicense',
  places: [
    ...noted('renewal.sign', 'renewal.askApproval'),
    ...local('renewal.sign', 'renewal.sign'),
    ...step('renewal.authorise', 'renewal.authorise', 'done'),
    ...step('renewal.capture', 'renewal.capture', 'done'),
    ...local('renewal.activate', 'renewal.activate'),
    ...local('renewal.deliver', 'renewal.deliver'),
    ...noted('renewal.deliver', 'renewal.closeRenewed'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: asked({ outcome: 'paid' }),
  ends: { run: 'succeeded', tenant: 'active' },
};

const declined: Story = {
  title: 'a renewal that is not paid is taken back',
  kind: 'renewLicense',
  places: [
    ...noted('renewal.authorise', 'ledger.startRollback'),
    ...written('renewal.authorise', 'renewal.void'),
    ...noted('renewal.authorise', 'renewal.authorise.undone'),
    ...written('renewal.sign', 'renewal.discard'),
    ...noted('renewal.sign', 'renewal.sign.undone'),
    ...noted('renewal.sign', 'renewal.closeTakenBack'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: asked({ outcome: 'declined' }),
  ends: { run: 'rolled_back', tenant: 'active' },
};

const free: Story = {
  title: 'a licence is renewed that costs nothing',
  kind: 'renewLicense',
  places: local('renewal.activate', 'renewal.activate'),
  fails: [],
  prepare: provisioned([]),
  open: asked({ outcome: 'paid', amount: 0 }),
  ends: { run: 'succeeded', tenant: 'active' },
};

const reissued: Story = {
  title: 'the licences of a key are signed anew',
  kind: 'reissueLicenses',
  places: written('licenses', 'licenses.reissueBatch'),
  fails: [],
  prepare: provisioned([]),
  async open({ installation }, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    const { em, platform } = installation;
    const product = `leaked-${tenant.tenantId.slice(-12)}`;
    const { kid } = await new RenewalWorld(installation).license(tenant.tenantId, { rules: { product } });
    const now = new Date();
    const runId = await em.transactional(async (tx) => {
      const rotation = { publishSeconds: 0, compromised: true, now };
      await rotateLicenseKey(tx, platform.installation, product, rotation, theSystem);
      return (await openReissue(tx, platform.installation, { product, kid, now }, theSystem)).runId;
    });
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const renewalStories: readonly Story[] = [paid, declined, byCard, heldAndLetGo, free, reissued];
