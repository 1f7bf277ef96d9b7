import { theSystem } from '#domain/events/appendEvent.ts';
import { resumeTenant } from '#domain/suspension/suspendTenant.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { licensedPlan } from '#test/servers/licensedPlan.ts';
import { local, noted, step, undo, written } from '../places.ts';
import { checkFails, opening, provisioned, register, type Story } from '../story.ts';
import { suspend, suspended } from './suspension.ts';

const provision: Story = {
  title: 'a tenant is provisioned with its licence',
  kind: 'provisionTenant',
  places: local('license', 'license.ensure'),
  fails: [],
  open: register(false, licensedPlan),
  ends: { run: 'succeeded', tenant: 'active' },
};

const rollBack: Story = {
  title: 'a licence is taken back with its tenant',
  kind: 'provisionTenant',
  places: undo('license'),
  fails: [checkFails],
  open: register(false, licensedPlan),
  ends: { run: 'rolled_back', tenant: 'rolled_back' },
};

const suspension: Story = {
  title: 'a licence is suspended with its tenant',
  kind: 'suspendTenant',
  places: local('license', 'license.suspend'),
  fails: [],
  prepare: provisioned([], licensedPlan),
  open: suspend,
  ends: { run: 'succeeded', tenant: 'suspended' },
};

const suspensionRolledBack: Story = {
  title: "a licence's suspension is rolled back",
  kind: 'suspendTenant',
  places: [...written('license', 'license.open'), ...noted('license', 'license.undone')],
  fails: [{ at: 'suspension.close', when: 'before' }],
  prepare: provisioned([], licensedPlan),
  open: suspend,
  ends: { run: 'rolled_back', tenant: 'active' },
};

const resumption: Story = {
  title: 'a licence is opened with its tenant',
  kind: 'resumeTenant',
  places: local('license', 'license.open'),
  fails: [],
  prepare: (ground, labels) => suspended(ground, labels, licensedPlan),
  open: opening((em, { tenantId }) => resumeTenant(em, tenantId, theSystem)),
  ends: { run: 'succeeded', tenant: 'active' },
};

const removal: Story = {
  title: 'a licence goes with its tenant',
  kind: 'deprovisionTenant',
  places: step('license', 'license.destroy', 'done'),
  fails: [],
  prepare: provisioned([], licensedPlan),
  open: opening((em, { tenantId, slug }) => openRemoval(em, tenantId, slug, theSystem)),
  ends: { run: 'succeeded', tenant: 'erased' },
};

export const licenseStories: readonly Story[] = [
  provision,
  rollBack,
  suspension,
  suspensionRolledBack,
  resumption,
  removal,
];
