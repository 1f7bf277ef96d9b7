import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem, type Actor } from '#domain/events/appendEvent.ts';
import type { Position } from '#test/servers/faults.ts';
import type { Acknowledged, Ground } from '../ground.ts';
import type { Place } from './places.ts';

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
  /** Where the preparation itself breaks something that a cancelled run leaves as it was: opens the run that mends it. */
  mend?(ground: Ground): Promise<string>;
  /** Each run brings up a server of its own: it is cut no more often than is needed. */
  isCostly?: true;
}

export const patienceMs = 90_000;
export const checkFails: Position = { at: 'tenant.check', when: 'before' };
export const undosFail: Position[] = ['storage', 'realm', 'database'].map((provider) => ({
  at: `${provider}.destroy`,
  when: 'before',
}));

export const register =
  (invited: boolean, plan?: string): Story['open'] =>
  async (ground, _tenant, label) => {
    const tenant = await ground.register(label, { invited, ...(plan ? { plan } : {}) });
    return { runId: tenant.runId, subject: tenant.tenantId };
  };

/** Tenants whose provisioning has ended, one way or the other. */
export const provisioned =
  (fail: Position[], plan?: string) =>
  async (ground: Ground, labels: string[]): Promise<Acknowledged[]> => {
    const tenants = await Promise.all(labels.map((label) => ground.register(label, plan ? { plan } : {})));
    const tenantIds = tenants.map(({ tenantId }) => tenantId);
    await ground.worker.plan(tenantIds.map((tenantId) => ({ tenantId, fail })));
    await Promise.all(tenants.map(({ runId }) => ground.start(runId)));
    await ground.settled(tenantIds, patienceMs);
    return tenants;
  };

/** Of a tenant that was prepared. */
export const opening =
  (open: (em: Sql, tenant: Acknowledged) => Promise<{ runId: string }>): Story['open'] =>
  async (ground, tenant) => {
    if (!tenant) throw new Error('no tenant was prepared');
    const { runId } = await ground.installation.em.transactional((em) => open(em, tenant));
    return { runId, subject: tenant.tenantId };
  };

/** A run of the platform that looks at everything. */
export const ofPlatform = (
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
