import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '#domain/database.ts';
import { openCheck } from '#domain/drift/check.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { theSystem, type Actor } from '#domain/events/appendEvent.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { openRetention } from '#domain/retention/applyRetention.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { openFinish } from '#domain/runs/finishRollback.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { rows } from '#domain/sql.ts';
import type { Position } from '#test/servers/faults.ts';
import type { Acknowledged, Ground } from '../ground.ts';
import { outsidePlans } from '../ground/outsidePlans.ts';
import { plantOrphan } from './plantOrphan.ts';
import { local, noted, step, undo, undoOutside, written, type Place } from './places.ts';

/** A run that was committed and is not started. */
export interface Begun {
  runId: string;
  /** Whom it is about, and whose plan it follows: its tenant, or the run itself when it is one of the platform. */
  subject: string;
}

/** A way through a workflow, from where it can be begun to its end, and every place on it where it can be cut. */
export interface Story {
  title: string;
  kind: WorkflowKind;
  places: Place[];
  /** What fails for good on this way. */
  fails: Position[];
  /** Brings a tenant for each label to where the workflow can begin; takes its time. */
  prepare?: (ground: Ground, labels: string[]) => Promise<(Acknowledged | null)[]>;
  /** Commits the run. Quick, because the reconciler starts what nobody else does. */
  open(ground: Ground, tenant: Acknowledged | null, label: string): Promise<Begun>;
  /** What the run and its tenant are in the end, whatever was killed. */
  ends: { run: string; tenant: string | null };
  /** Only one such run may be open at a time. */
  alone?: true;
}

const patienceMs = 90_000;
const checkFails: Position = { at: 'tenant.check', when: 'before' };
const undosFail: Position[] = ['storage', 'realm', 'database'].map((provider) => ({
  at: `${provider}.destroy`,
  when: 'before',
}));

const register =
  (invited: boolean, plan?: string): Story['open'] =>
  async (ground, _tenant, label) => {
    const tenant = await ground.register(label, { invited, ...(plan ? { plan } : {}) });
    return { runId: tenant.runId, subject: tenant.tenantId };
  };

/** Tenants whose provisioning has ended, one way or the other. */
const provisioned =
  (fail: Position[]) =>
  async (ground: Ground, labels: string[]): Promise<Acknowledged[]> => {
    const tenants = await Promise.all(labels.map((label) => ground.register(label)));
    const tenantIds = tenants.map(({ tenantId }) => tenantId);
    await ground.worker.plan(tenantIds.map((tenantId) => ({ tenantId, fail })));
    await Promise.all(tenants.map(({ runId }) => ground.start(runId)));
    await ground.settled(tenantIds, patienceMs);
    return tenants;
  };

/** Of a tenant that was prepared. */
const opening =
  (open: (em: Sql, tenant: Acknowledged) => Promise<{ runId: string }>): Story['open'] =>
  async (ground, tenant) => {
    if (!tenant) throw new Error('no tenant was prepared');
    const { runId } = await ground.installation.em.transactional((em) => open(em, tenant));
    return { runId, subject: tenant.tenantId };
  };

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

const remove: Story = {
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

const callOutside: Story = {
  title: 'a service does its step',
  kind: 'provisionTenant',
  places: step('http', 'http.call', 'done'),
  fails: [],
  open: register(false, outsidePlans.takenBack),
  ends: { run: 'succeeded', tenant: 'active' },
};

const takeBackOutside: Story = {
  title: 'a service takes its step back',
  kind: 'provisionTenant',
  places: undoOutside('http', 'http.undo'),
  fails: [checkFails],
  open: register(false, outsidePlans.takenBack),
  ends: { run: 'rolled_back', tenant: 'rolled_back' },
};

const deliverOutside: Story = {
  title: 'a service does its step after the doors',
  kind: 'deliverStep',
  places: [...step('http', 'http.call', 'done'), ...noted('http', 'ledger.closeDelivery')],
  fails: [],
  open: register(false, outsidePlans.delivered),
  ends: { run: 'succeeded', tenant: 'active' },
};

const checkForDrift: Story = {
  title: 'a tenant is compared with what was made',
  kind: 'checkDrift',
  places: [...written('drift', 'drift.checkBatch'), ...written('drift', 'drift.closeCheck')],
  fails: [],
  prepare: provisioned([]),
  open: opening(async (em, { tenantId }) => ({ runId: await openCheck(em, tenantId, theSystem) })),
  ends: { run: 'succeeded', tenant: 'active' },
};

/** Tenants whose realms were changed behind our back, and it was noticed. */
async function drifted(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  const tenantIds = tenants.map(({ tenantId }) => tenantId);
  await ground.ask(`update realms set access = 'suspended' where tenant_id = any($1)`, [tenantIds]);
  for (const tenant of tenants) await ground.start((await checkForDrift.open(ground, tenant, '')).runId);
  await ground.settled(tenantIds, patienceMs);
  return tenants;
}

const repair: Story = {
  title: 'what drifted is mended',
  kind: 'repairResource',
  places: [...step('realm', 'realm.ensure', 'done', true), ...written('drift', 'drift.closeRepair')],
  fails: [],
  prepare: drifted,
  open: opening(async (em, { tenantId }) => {
    const [finding] = await rows<{ id: string }>(em)`
      select id from drift_findings where tenant_id = ${tenantId} and state = 'open'`;
    if (!finding) throw new Error('what drifted was not noticed');
    return openRepair(em, finding.id, theSystem);
  }),
  ends: { run: 'succeeded', tenant: 'active' },
};

/** A run of the platform that looks at everything. */
const ofPlatform = (
  story: Pick<Story, 'title' | 'kind' | 'places'>,
  openRun: (em: Sql, tenantId: null, actor: Actor) => Promise<string>,
): Story => ({
  ...story,
  fails: [],
  async open({ installation }) {
    const runId = await installation.em.transactional((em) => openRun(em, null, theSystem));
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
  alone: true,
});

const sweep = ofPlatform(
  {
    title: 'everything outside is compared with the registry',
    kind: 'sweepOrphans',
    places: [...written('orphans', 'orphans.sweepPage'), ...written('orphans', 'orphans.compare')],
  },
  openSweep,
);

const clearAway = ofPlatform(
  {
    title: 'what was kept for long enough is cleared away',
    kind: 'applyRetention',
    places: written('retention', 'retention.clear'),
  },
  openRetention,
);

const removeAnOrphan: Story = {
  title: 'an orphan is removed',
  kind: 'removeOrphan',
  places: [...written('orphans', 'orphans.remove'), ...written('orphans', 'orphans.closeRemoval')],
  fails: [],
  async prepare(ground, labels) {
    const tenants = await provisioned([])(ground, labels);
    for (const tenant of tenants) await ground.start((await remove.open(ground, tenant, '')).runId);
    await ground.settled(
      tenants.map(({ tenantId }) => tenantId),
      patienceMs,
    );
    await Promise.all(tenants.map(({ tenantId }) => plantOrphan(ground, tenantId)));
    const { runId } = await sweep.open(ground, null, '');
    await ground.start(runId);
    await ground.settled([runId], patienceMs);
    return labels.map(() => null);
  },
  async open({ installation }) {
    const runId = await installation.em.transactional(async (em) => {
      const [finding] = await rows<{ id: string }>(em)`
        select id from orphan_findings where state = 'open' and removal_run_id is null limit 1 for update skip locked`;
      if (!finding) throw new Error('the planted orphan was not found');
      return openOrphanRemoval(em, finding.id, 0, theSystem);
    });
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

/** A workflow that is not here, and one of whose steps no place stands in, makes the drill red. */
export const stories: readonly Story[] = [
  provision,
  rollBack,
  remove,
  finish,
  deliver,
  callOutside,
  takeBackOutside,
  deliverOutside,
  checkForDrift,
  repair,
  sweep,
  clearAway,
  removeAnOrphan,
];

/** Steps that no worker executes, with where they are cut instead. */
export const elsewhere: Record<string, string> = {
  'provisionTenant address': 'reserved in the transaction of the API: cut by the kills of requests',
};
