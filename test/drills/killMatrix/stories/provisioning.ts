import { theSystem } from '#domain/events/appendEvent.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { local, noted, step, undo, written } from '../places.ts';
import { checkFails, opening, provisioned, register, undosFail, type Story } from '../story.ts';

const provision: Story = {
  title: 'a tenant is provisioned',
  kind: 'provisionTenant',
  places: [
    ...step('database', 'database.ensure', 'done'),
    ...local('realm', 'realm.ensure'),
    ...step('storage', 'storage.ensure', 'done'),
    ...step('tenant', 'tenant.check', 'done'),
    ...written('doors', 'doors.open'),
    ...written('doors', 'run.start'),
  ],
  fails: [],
  open: register(true),
  ends: { run: 'succeeded', tenant: 'active' },
};

const rollBack: Story = {
  title: 'a provisioning is rolled back',
  kind: 'provisionTenant',
  places: [
    ...noted('tenant', 'tenant.failed'),
    ...noted('address', 'ledger.startRollback'),
    ...undo('storage'),
    ...undo('realm'),
    ...undo('database'),
    ...noted('address', 'ledger.closeRolledBackRun'),
  ],
  fails: [checkFails],
  open: register(false),
  ends: { run: 'rolled_back', tenant: 'rolled_back' },
};

export const remove: Story = {
  title: 'a tenant is removed',
  kind: 'deprovisionTenant',
  places: [
    ...written('doors', 'doors.close'),
    ...step('storage', 'storage.destroy', 'done'),
    ...step('realm', 'realm.destroy', 'done'),
    ...step('database', 'database.destroy', 'done'),
    ...noted('address', 'ledger.closeRemoval'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: opening((em, { tenantId, slug }) => openRemoval(em, tenantId, slug, theSystem)),
  ends: { run: 'succeeded', tenant: 'erased' },
};

const finish: Story = {
  title: 'a stuck rollback is finished',
  kind: 'finishRollback',
  places: [
    ...step('storage', 'storage.destroy', 'done'),
    ...step('realm', 'realm.destroy', 'done'),
    ...step('database', 'database.destroy', 'done'),
    ...noted('address', 'ledger.closeFinish'),
  ],
  fails: [],
  prepare: provisioned([checkFails, ...undosFail]),
  open: opening((em, { runId }) => openFinish(em, runId, theSystem)),
  ends: { run: 'succeeded', tenant: 'rolled_back' },
};

const deliver: Story = {
  title: 'an admin is invited',
  kind: 'deliverInvitation',
  places: [...step('invitation', 'invitation.send', 'done'), ...noted('invitation', 'ledger.closeDelivery')],
  fails: [],
  open: register(true),
  ends: { run: 'succeeded', tenant: 'active' },
};

export const provisioningStories: readonly Story[] = [provision, rollBack, remove, finish, deliver];
