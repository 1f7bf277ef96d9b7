import { theSystem } from '#domain/events/appendEvent.ts';
import { askOwnership } from '#domain/ownership/askOwnership.ts';
import { openRotation } from '#domain/rotation/openRotation.ts';
import { rows } from '#domain/sql.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { noted, step, written } from '../places.ts';
import { opening, provisioned, type Begun, type Story } from '../story.ts';

const rotate = opening((em, { tenantId, slug }) =>
  openRotation(em, { tenantId, confirm: slug, kinds: ['database', 'realm'], overlapSeconds: 0 }, theSystem),
);

const rotation: Story = {
  title: "a tenant's secrets are rotated",
  kind: 'rotateTenantSecrets',
  places: [
    ...step('secrets.prepare', 'secrets.prepare', 'done'),
    ...step('secrets.try', 'secrets.try', 'done'),
    ...step('secrets.show', 'secrets.show', 'done'),
    ...step('secrets.sign', 'secrets.sign', 'done'),
    ...step('secrets.endOld', 'secrets.endOld', 'done'),
    ...noted('secrets.endOld', 'secrets.closeRotated'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: rotate,
  ends: { run: 'succeeded', tenant: 'active' },
};

const rotationTakenBack: Story = {
  title: 'a rotation is taken back',
  kind: 'rotateTenantSecrets',
  places: [
    ...noted('secrets.try', 'ledger.startRollback'),
    ...written('secrets.prepare', 'secrets.withdraw'),
    ...noted('secrets.prepare', 'secrets.prepare.undone'),
    ...noted('secrets.prepare', 'secrets.closeWithdrawn'),
  ],
  fails: [{ at: 'secrets.try', when: 'before' }],
  prepare: provisioned([]),
  open: rotate,
  ends: { run: 'rolled_back', tenant: 'active' },
};

/** What the person asked says was written before the workflow looks for the first time. */
const asked =
  (answer: 'agreed' | 'declined') =>
  async (ground: Ground, tenant: Acknowledged | null): Promise<Begun> => {
    if (!tenant) throw new Error('no tenant was prepared');
    const { em, platform } = ground.installation;
    await platform.tenantKeys.find(tenant.tenantId);
    const { runId } = await em.transactional(async (tx) => {
      const opened = await askOwnership(
        tx,
        platform,
        tenant.tenantId,
        {
          confirm: tenant.slug,
          to: { email: `owner.${tenant.tenantId}@drill.example` },
          oldStaysAdmin: false,
          needsConfirmation: false,
          expiresInHours: 1,
        },
        theSystem,
      );
      await rows(tx)`update ownership_changes set state = ${answer} where run_id = ${opened.runId}`;
      return opened;
    });
    return { runId, subject: tenant.tenantId };
  };

const handedOver: Story = {
  title: 'a tenant passes to another owner',
  kind: 'changeOwnership',
  places: [...noted('ownership.ask', 'ownership.look'), ...written('ownership.handOver', 'ownership.handOver')],
  fails: [],
  prepare: provisioned([]),
  open: asked('agreed'),
  ends: { run: 'succeeded', tenant: 'active' },
};

const notHandedOver: Story = {
  title: 'a change of owner is declined',
  kind: 'changeOwnership',
  places: [...noted('ownership.ask', 'ledger.startRollback'), ...noted('ownership.ask', 'ownership.closeUnchanged')],
  fails: [],
  prepare: provisioned([]),
  open: asked('declined'),
  ends: { run: 'rolled_back', tenant: 'active' },
};

export const handoverStories: readonly Story[] = [rotation, rotationTakenBack, handedOver, notHandedOver];
