import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import type { routeTable } from '#api/routeTable.ts';
import { createSetupToken } from '#domain/people/ownership.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { approvalCases } from './approvalCases.ts';
import { apiKeyCases } from './apiKeyCases.ts';
import { auditCases } from './auditCases.ts';
import { attentionCases } from './attentionCases.ts';
import { codecCases } from './codecCases.ts';
import { blueprintCases } from './blueprintCases.ts';
import { offboardingCases } from './offboardingCases.ts';
import { suspensionCases } from './suspensionCases.ts';
import { supportCases } from './supportCases.ts';
import { handoverCases } from './handoverCases.ts';
import { decisionCases } from './decisionCases.ts';
import { driftCases } from './driftCases.ts';
import { importCases } from './importCases.ts';
import { arrivalCases } from '../backups/arrivalCases.ts';
import { runbookCases } from '../runbooks/runbookCases.ts';
import { recoveryCases } from '../recovery/recoveryCases.ts';
import { restoreCases } from '../backups/restoreCases.ts';
import { serverCases } from '../recovery/serverCases.ts';
import { platformBackupCases } from '../backups/platformBackupCases.ts';
import { scheduleCases } from '../schedules/scheduleCases.ts';
import { licenseCases } from '../licenses/licenseCases.ts';
import { backupCases } from '../backups/backupCases.ts';
import { renewalCases } from '../renewals/renewalCases.ts';
import { fleetCases } from './fleetCases.ts';
import { identityCases } from './identityCases.ts';
import { onboardingCases } from './onboardingCases.ts';
import { peopleCases } from './peopleCases.ts';
import { adminInvitationCases, portalCases } from './portalCases.ts';
import { roleCases } from './roleCases.ts';
import { owner, type Answer, type ApiInstallation, type Asking } from '../apiInstallation.ts';

export type OperationId = keyof typeof routeTable;

/** What a request of a route is made of in this world. */
export interface Request extends Asking {
  /** For `{…}` in the path. */
  params?: Record<string, string>;
}

export interface RouteCase {
  /** A request that succeeds; called once. */
  succeeds(): Promise<Request>;
  /** What the success must show. */
  shows(answer: Answer): void | Promise<void>;
}

/** An API with a worker and one active tenant. */
export interface World {
  api: ApiInstallation;
  active: { tenantId: string; slug: string; runId: string };
  /** For the task queue `crm`. */
  workerToken: string;
  /** What happens to the worker's providers. */
  stepIn: StepIn;
  /** What the API believes of backups of the whole server; its workers have none. */
  physical: { kind: 'off' | 'lowlevel' | 'pgbackrest' };
}

const events = (text: string) => text.split('\n\n').filter((event) => event.startsWith('event: run'));

/** A success for every route: one without a case does not compile, and neither does a case without a route. */
export function routeCases(world: World): Record<OperationId, RouteCase> {
  const ofActive = async (): Promise<Request> => ({ params: { tenantId: world.active.tenantId } });
  const ofItsRun = async (): Promise<Request> => ({ params: { runId: world.active.runId } });
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  return {
    ...decisionCases(world),
    ...handoverCases(world),
    ...importCases(world),
    ...licenseCases(world),
    ...scheduleCases(world),
    ...platformBackupCases(world),
    ...serverCases(world),
    ...restoreCases(world),
    ...recoveryCases(world),
    ...arrivalCases(world),
    ...runbookCases(world),
    ...renewalCases(world),
    ...backupCases(world),
    ...roleCases(world),
    ...auditCases(world),
    ...approvalCases(world),
    ...supportCases(world),
    ...suspensionCases(world),
    ...offboardingCases(world),
    ...apiKeyCases(world),
    ...identityCases(world),
    ...peopleCases(world),
    ...portalCases(world),
    ...onboardingCases(world),
    ...adminInvitationCases(world),
    ...fleetCases(world),
    claimOwner: {
      async succeeds() {
        await world.api.installation.asAdmin(
          null,
          `with former as (update users set email = 'old@example.org' where email = $1 returning id)
           delete from role_assignments using former where user_id = former.id`,
          [owner.email],
        );
        const token = await createSetupToken(world.api.installation.em);
        return { body: { token, ...owner }, cookie: null };
      },
      async shows({ body, headers }) {
        assert.equal((body['user'] as { email: string }).email, owner.email);
        world.api.cookie = headers['set-cookie']![0]!.split(';')[0]!;
      },
    },
    createSession: {
      succeeds: async () => ({ body: owner, cookie: null }),
      shows: ({ headers }) =>
        assert.match(headers['set-cookie']![0]!, /^tenantry=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Lax$/),
    },
    readSession: { succeeds: async () => ({}), shows: is({ user: { email: owner.email, role: 'owner' } }) },
    deleteSession: {
      succeeds: async () => ({ cookie: await world.api.signIn() }),
      shows: ({ text, headers }) => {
        assert.equal(text, '');
        assert.match(headers['set-cookie']![0]!, /^tenantry=;.*1970/);
      },
    },
    listPlans: { succeeds: async () => ({}), shows: is({ items: [{ name: 'standard', tier: 'schema' }] }) },
    ...blueprintCases,
    listTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['items'] as { slug: string }[]).some(({ slug }) => slug === 'abo')),
    },
    createTenant: {
      succeeds: async () => ({ body: { name: 'Created', labels: { 'team/region': 'Köln' } } }),
      async shows({ body }) {
        assert.equal(body['slug'], 'created');
        assert.equal((await world.api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
      },
    },
    planTenant: {
      succeeds: async () => ({ body: { name: 'Planned', slug: 'abo' } }),
      shows(answer) {
        is({ slug: 'abo', slugIsFree: false, suggestions: ['abo-2', 'abo-3', 'abo-4'], plan: 'standard' })(answer);
        const steps = answer.body['steps'] as { provider: string; action: string }[];
        assert.deepEqual(
          steps.map(({ provider, action }) => `${provider}: ${action}`),
          ['address: conflict', 'database: create', 'realm: create', 'storage: create', 'tenant: check', 'doors: open'],
        );
      },
    },
    readTenant: {
      succeeds: ofActive,
      shows: is({ slug: 'abo', state: 'active', admin: { email: 'a@example.org', name: null } }),
    },
    updateTenant: {
      succeeds: async () => ({ ...(await ofActive()), body: { name: 'Åbo', labels: { tier: 'gold' } } }),
      shows: is({ name: 'Åbo', slug: 'abo', labels: { tier: 'gold' } }),
    },
    changeTenantPlan: {
      async succeeds() {
        const blueprint = { name: 'standard', version: 1 };
        await world.api.ask('POST', '/api/v1/plans', { body: { name: 'another', title: 'Another', blueprint } });
        const { tenantId } = await world.api.installation.provision({ name: 'Moved up' });
        return { params: { tenantId }, body: { plan: 'another', expected: 'standard' } };
      },
      shows: is({ plan: 'another', state: 'active' }),
    },
    deleteTenant: {
      async succeeds() {
        const { tenantId, slug } = await world.api.installation.provision({ name: 'To be removed' });
        return { params: { tenantId }, body: { confirm: slug } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
        assert.equal(
          (await world.api.ask('GET', `/api/v1/tenants/${String(body['tenantId'])}`)).body['state'],
          'erased',
        );
      },
    },
    readManifest: {
      succeeds: ofActive,
      shows(answer) {
        is({ tenantId: world.active.tenantId, revealed: false })(answer);
        const [database] = answer.body['resources'] as { values: Record<string, string | null> }[];
        assert.deepEqual(Object.keys(database!.values).sort(), [
          'database',
          'host',
          'password',
          'port',
          'role',
          'schema',
        ]);
        assert.equal(database!.values['password'], null);
      },
    },
    listRuns: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['items'] as { id: string }[]).some(({ id }) => id === world.active.runId)),
    },
    readRun: { succeeds: ofItsRun, shows: is({ kind: 'provisionTenant', state: 'succeeded' }) },
    followRun: {
      succeeds: ofItsRun,
      shows({ headers, text }) {
        assert.match(headers['content-type'] ?? '', /^text\/event-stream/);
        assert.equal(events(text).length, 1, 'a run that is over is told once');
      },
    },
    cancelRun: {
      async succeeds() {
        world.stepIn = async ({ at, when }) => {
          if (at === 'realm.ensure' && when === 'before') await new Promise((resolve) => setTimeout(resolve, 700));
        };
        const { runId } = await world.api.installation.createTenant({ name: 'To be cancelled' });
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.ok(body['cancelRequestedAt']);
        const run = await world.api.installation.runIsOver(body['id'] as string);
        world.stepIn = async () => undefined;
        assert.equal(run.state, 'cancelled');
        const [row] = await world.api.installation.asAdmin<{ delivered: boolean }>(
          null,
          'select cancel_delivered_at is not null as delivered from runs where id = $1',
          [run.id],
        );
        assert.equal(row?.delivered, true);
      },
    },
    tryRunAgain: {
      async succeeds() {
        world.stepIn = async ({ at }) => {
          if (at === 'storage.ensure') throw new DomainError('resource_conflict', 'Something is in the way.');
        };
        const wanted = {
          name: 'Second time lucky',
          externalId: 'crm-7',
          labels: { a: 'b' },
          admin: { email: 'c@example.org', name: 'C' },
        };
        const { runId } = await world.api.installation.createTenant(wanted);
        assert.equal((await world.api.installation.runIsOver(runId)).state, 'rolled_back');
        world.stepIn = async () => undefined;
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
        is({
          name: 'Second time lucky',
          slug: 'second-time-lucky',
          externalId: 'crm-7',
          labels: { a: 'b' },
          admin: { email: 'c@example.org', name: 'C' },
        })(await world.api.ask('GET', `/api/v1/tenants/${String(body['tenantId'])}`));
      },
    },
    finishRunRollback: {
      async succeeds() {
        world.stepIn = async ({ at, when }) => {
          if (when === 'before' && (at === 'storage.ensure' || at === 'realm.destroy'))
            throw new DomainError('resource_conflict', 'Something is in the way.');
        };
        const { runId } = await world.api.installation.createTenant({ name: 'Left over' });
        assert.equal((await world.api.installation.runIsOver(runId)).state, 'needs_attention');
        world.stepIn = async () => undefined;
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
      },
    },
    ...attentionCases(world),
    ...codecCases(world),
    ...driftCases(world),
    readPortal: {
      succeeds: async () => ({ params: { slug: 'abo' }, cookie: null }),
      shows: (answer) => is({ slug: 'abo', issuer: `http://localhost:4400/t/${world.active.tenantId}` })(answer),
    },
    readIssuer: {
      succeeds: ofActive,
      shows: (answer) => is({ issuer: `http://localhost:4400/t/${world.active.tenantId}` })(answer),
    },
    readIssuerKeys: {
      succeeds: ofActive,
      shows({ body, headers }) {
        const [key] = body['keys'] as Record<string, string>[];
        assert.deepEqual(Object.keys(key!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
        assert.equal(headers['cache-control'], 'public, max-age=2');
      },
    },
    readLiveness: { succeeds: async () => ({ cookie: null }), shows: is({ live: true }) },
    readReadiness: {
      succeeds: async () => ({ cookie: null }),
      shows: is({ ready: true, database: 'up', temporal: 'up', worker: 'polling' }),
    },
  };
}
