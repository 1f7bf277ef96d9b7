import { theSystem } from '#domain/events/appendEvent.ts';
import { openRename } from '#domain/renaming/openRename.ts';
import { resumeTenant, suspendTenant } from '#domain/suspension/suspendTenant.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { local, noted, step, written, type Place } from '../places.ts';
import { opening, patienceMs, provisioned, type Begun, type Story } from '../story.ts';

const reason = 'A drill closes it.';

export async function suspend(ground: Ground, tenant: Acknowledged | null): Promise<Begun> {
  if (!tenant) throw new Error('no tenant was prepared');
  const { tenantId, slug } = tenant;
  const { tenantKeys } = ground.installation.platform;
  const { runId } = await ground.installation.em.transactional((em) =>
    suspendTenant(em, tenantKeys, tenantId, { confirm: slug, reason }, theSystem),
  );
  return { runId: runId!, subject: tenantId };
}

export async function suspended(ground: Ground, labels: string[], plan?: string): Promise<Acknowledged[]> {
  const tenants = await provisioned([], plan)(ground, labels);
  const begun = await Promise.all(tenants.map((tenant) => suspend(ground, tenant)));
  await Promise.all(begun.map(({ runId }) => ground.start(runId)));
  await ground.settled(
    tenants.map(({ tenantId }) => tenantId),
    patienceMs,
  );
  return tenants;
}

/** The undo of a step that closes or opens: the other verb. */
const undone = (provider: string, verb: 'open' | 'suspend'): Place[] => [
  ...written(provider, `${provider}.${verb}`),
  ...noted(provider, `${provider}.undone`),
];

const suspension: Story = {
  title: 'a tenant is suspended',
  kind: 'suspendTenant',
  places: [
    ...step('database', 'database.suspend', 'done'),
    ...local('realm', 'realm.suspend'),
    ...step('storage', 'storage.suspend', 'done'),
    ...written('suspension', 'suspension.close'),
  ],
  fails: [],
  prepare: provisioned([]),
  open: suspend,
  ends: { run: 'succeeded', tenant: 'suspended' },
};

const suspensionRolledBack: Story = {
  title: 'a suspension is rolled back',
  kind: 'suspendTenant',
  places: [
    ...noted('storage', 'ledger.startRollback'),
    ...undone('storage', 'open'),
    ...undone('realm', 'open'),
    ...undone('database', 'open'),
    ...noted('doors', 'ledger.closeRolledBackRun'),
  ],
  fails: [{ at: 'suspension.close', when: 'before' }],
  prepare: provisioned([]),
  open: suspend,
  ends: { run: 'rolled_back', tenant: 'active' },
};

const resumption: Story = {
  title: 'a tenant is resumed',
  kind: 'resumeTenant',
  places: [
    ...step('database', 'database.open', 'done'),
    ...local('realm', 'realm.open'),
    ...step('storage', 'storage.open', 'done'),
    ...written('doors', 'suspension.end'),
  ],
  fails: [],
  prepare: (ground, labels) => suspended(ground, labels),
  open: opening((em, { tenantId }) => resumeTenant(em, tenantId, theSystem)),
  ends: { run: 'succeeded', tenant: 'active' },
};

const renaming: Story = {
  title: 'a tenant gets another address',
  kind: 'renameTenant',
  places: written('address', 'address.move'),
  fails: [],
  prepare: provisioned([]),
  open: opening((em, { tenantId, slug }) =>
    openRename(em, { tenantId, slug: `${slug.slice(0, 30)}-moved`, redirectDays: 30, confirm: slug }, theSystem),
  ),
  ends: { run: 'succeeded', tenant: 'active' },
};

export const suspensionStories: readonly Story[] = [suspension, suspensionRolledBack, resumption, renaming];
