import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { Problem } from '#contracts/problems.ts';
import { routeTable } from '#api/routeTable.ts';
import type { AnyRoute } from '#api/route.ts';
import { createSetupToken } from '#domain/people/ownership.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { ApiInstallation, insides, owner, type Answer, type Asking } from './apiInstallation.ts';

type OperationId = keyof typeof routeTable;

/** What a request of a route is made of in this world. */
interface Request extends Asking {
  /** For `{…}` in the path. */
  params?: Record<string, string>;
}

interface RouteCase {
  /** A request that succeeds; called once. */
  succeeds(): Promise<Request>;
  /** What the success must show. */
  shows(answer: Answer): void | Promise<void>;
}

const unknownId = '019a0000-0000-7000-8000-000000000000';
const events = (text: string) => text.split('\n\n').filter((event) => event.startsWith('event: run'));

describe('every route', () => {
  let api: ApiInstallation;
  let stepIn: StepIn = async () => undefined;
  let active: { tenantId: string; slug: string; runId: string };

  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker((position, attempt) => stepIn(position, attempt));
    active = await api.installation.provision({ name: 'Åbo Akademi', slug: 'abo', admin: { email: 'a@example.org' } });
  });
  after(() => api.stop());

  const ofActive = async (): Promise<Request> => ({ params: { tenantId: active.tenantId } });
  const ofItsRun = async (): Promise<Request> => ({ params: { runId: active.runId } });
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  /** A route without a case does not compile; one that is not in the table neither. */
  const cases: Record<OperationId, RouteCase> = {
    claimOwner: {
      async succeeds() {
        await api.installation.asAdmin(null, 'update users set email = $1, role = $2', ['old@example.org', 'former']);
        const token = await createSetupToken(api.installation.em);
        return { body: { token, ...owner }, cookie: null };
      },
      async shows({ body, headers }) {
        assert.equal((body['user'] as { email: string }).email, owner.email);
        api.cookie = headers['set-cookie']![0]!.split(';')[0]!;
      },
    },
    createSession: {
      succeeds: async () => ({ body: owner, cookie: null }),
      shows: ({ headers }) =>
        assert.match(headers['set-cookie']![0]!, /^tenantry=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Lax$/),
    },
    readSession: { succeeds: async () => ({}), shows: is({ user: { email: owner.email, role: 'owner' } }) },
    deleteSession: {
      succeeds: async () => ({ cookie: await api.signIn() }),
      shows: ({ text, headers }) => {
        assert.equal(text, '');
        assert.match(headers['set-cookie']![0]!, /^tenantry=;.*1970/);
      },
    },
    listPlans: { succeeds: async () => ({}), shows: is({ items: [{ name: 'standard', tier: 'schema' }] }) },
    listTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['items'] as { slug: string }[]).some(({ slug }) => slug === 'abo')),
    },
    createTenant: {
      succeeds: async () => ({ body: { name: 'Created', labels: { 'team/region': 'Köln' } } }),
      async shows({ body }) {
        assert.equal(body['slug'], 'created');
        assert.equal((await api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
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
      succeeds: async () => ({ ...(await ofActive()), body: { name: 'Åbo', admin: { email: 'b@example.org' } } }),
      shows: is({ name: 'Åbo', slug: 'abo', admin: { email: 'b@example.org' } }),
    },
    deleteTenant: {
      async succeeds() {
        const { tenantId, slug } = await api.installation.provision({ name: 'To be removed' });
        return { params: { tenantId }, body: { confirm: slug } };
      },
      async shows({ body }) {
        assert.equal((await api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
        assert.equal((await api.ask('GET', `/api/v1/tenants/${String(body['tenantId'])}`)).body['state'], 'erased');
      },
    },
    readManifest: {
      succeeds: ofActive,
      shows(answer) {
        is({ tenantId: active.tenantId, revealed: false })(answer);
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
      shows: ({ body }) => assert.ok((body['items'] as { id: string }[]).some(({ id }) => id === active.runId)),
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
        stepIn = async ({ at, when }) => {
          if (at === 'realm.ensure' && when === 'before') await new Promise((resolve) => setTimeout(resolve, 700));
        };
        const { runId } = await api.installation.createTenant({ name: 'To be cancelled' });
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.ok(body['cancelRequestedAt']);
        const run = await api.installation.runIsOver(body['id'] as string);
        stepIn = async () => undefined;
        assert.equal(run.state, 'cancelled');
        const [row] = await api.installation.asAdmin<{ delivered: boolean }>(
          null,
          'select cancel_delivered_at is not null as delivered from runs where id = $1',
          [run.id],
        );
        assert.equal(row?.delivered, true);
      },
    },
    tryRunAgain: {
      async succeeds() {
        stepIn = async ({ at }) => {
          if (at === 'storage.ensure') throw new DomainError('resource_conflict', 'Something is in the way.');
        };
        const wanted = {
          name: 'Second time lucky',
          externalId: 'crm-7',
          labels: { a: 'b' },
          admin: { email: 'c@example.org', name: 'C' },
        };
        const { runId } = await api.installation.createTenant(wanted);
        assert.equal((await api.installation.runIsOver(runId)).state, 'rolled_back');
        stepIn = async () => undefined;
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.equal((await api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
        is({
          name: 'Second time lucky',
          slug: 'second-time-lucky',
          externalId: 'crm-7',
          labels: { a: 'b' },
          admin: { email: 'c@example.org', name: 'C' },
        })(await api.ask('GET', `/api/v1/tenants/${String(body['tenantId'])}`));
      },
    },
    finishRunRollback: {
      async succeeds() {
        stepIn = async ({ at, when }) => {
          if (when === 'before' && (at === 'storage.ensure' || at === 'realm.destroy'))
            throw new DomainError('resource_conflict', 'Something is in the way.');
        };
        const { runId } = await api.installation.createTenant({ name: 'Left over' });
        assert.equal((await api.installation.runIsOver(runId)).state, 'needs_attention');
        stepIn = async () => undefined;
        return { params: { runId } };
      },
      async shows({ body }) {
        assert.equal((await api.installation.runIsOver(body['runId'] as string)).state, 'succeeded');
      },
    },
    readPortal: {
      succeeds: async () => ({ params: { slug: 'abo' }, cookie: null }),
      shows: (answer) => is({ slug: 'abo', issuer: `http://localhost:4400/t/${active.tenantId}` })(answer),
    },
    readIssuer: {
      succeeds: ofActive,
      shows: (answer) => is({ issuer: `http://localhost:4400/t/${active.tenantId}` })(answer),
    },
    readIssuerKeys: {
      succeeds: ofActive,
      shows({ body, headers }) {
        const [key] = body['keys'] as Record<string, string>[];
        assert.deepEqual(Object.keys(key!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
        assert.equal(headers['cache-control'], 'public, max-age=300');
      },
    },
    readLiveness: { succeeds: async () => ({ cookie: null }), shows: is({ live: true }) },
    readReadiness: {
      succeeds: async () => ({ cookie: null }),
      shows: is({ ready: true, database: 'up', temporal: 'up', worker: 'polling' }),
    },
  };

  /** Public on purpose; a route that becomes so by mistake is found here. */
  const open: OperationId[] = [
    'claimOwner', 'createSession', 'readPortal', 'readIssuer', 'readIssuerKeys', 'readLiveness', 'readReadiness',
  ]; // prettier-ignore

  const pathOf = (route: AnyRoute, params: Record<string, string> = {}): string =>
    route.path.replace(
      /\{(\w+)\}/g,
      (_whole, name: string) => params[name] ?? (name === 'slug' ? 'nowhere' : unknownId),
    );
  const send = (route: AnyRoute, { params, ...asking }: Request): Promise<Answer> =>
    api.ask(route.method.toUpperCase(), pathOf(route, params), asking);
  const assertProblem = (answer: Answer, status: number, code: Problem['code']): Problem => {
    const problem = answer.body as unknown as Problem;
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.equal(problem.code, code);
    assert.equal(problem.requestId, answer.headers['x-request-id']);
    assert.doesNotMatch(answer.text, insides);
    return problem;
  };
  const anyBody = (route: AnyRoute): Asking => ('body' in route && route.body ? { body: {} } : {});

  for (const [id, route] of Object.entries(routeTable) as [OperationId, AnyRoute][]) {
    describe(`${id} (${route.method.toUpperCase()} ${route.path})`, () => {
      it('succeeds', async () => {
        const answer = await send(route, await cases[id].succeeds());
        assert.equal(answer.status, 'stream' in route ? 200 : route.success.status, answer.text);
        await cases[id].shows(answer);
      });

      it('refuses a parameter that it does not know with 400', async () => {
        const path = `${pathOf(route, { tenantId: active.tenantId, runId: active.runId })}?nonsense=1`;
        const answer = await api.ask(route.method.toUpperCase(), path, anyBody(route));
        assert.deepEqual(assertProblem(answer, 400, 'invalid_request').fields, [
          { path: 'nonsense', message: 'is unknown' },
        ]);
      });

      if ('body' in route && route.body)
        it('refuses a field that it does not know, and a body that is no object, with 400', async () => {
          const unknown = await send(route, { body: { nonsense: 1 } });
          const { fields } = assertProblem(unknown, 400, 'invalid_request');
          assert.ok(fields?.some(({ path }) => path === 'nonsense'));
          for (const body of [[], null, 7, 'x']) assertProblem(await send(route, { body }), 400, 'invalid_request');
        });
      else if (route.method !== 'get')
        it('refuses a body, which it does not take, with 400', async () => {
          assertProblem(await send(route, { body: { nonsense: 1 } }), 400, 'invalid_request');
        });

      it(open.includes(id) ? 'answers without a sign-in' : 'refuses without a sign-in with 401', async () => {
        assert.equal(route.permission === 'public', open.includes(id));
        for (const cookie of [null, 'tenantry=', 'tenantry=x', `tenantry=${'A'.repeat(43)}`]) {
          const answer = await send(route, { ...anyBody(route), cookie });
          if (open.includes(id)) assert.notEqual((answer.body as { code?: string }).code, 'unauthenticated');
          else assertProblem(answer, 401, 'unauthenticated');
        }
      });

      if (route.params) {
        it('answers 404 for what is not there', async () => {
          const body = { updateTenant: { name: 'x' }, deleteTenant: { confirm: 'x' } }[id as string];
          assertProblem(await send(route, body ? { body } : {}), 404, 'not_found');
        });

        it('refuses an id that is none with 400', async () => {
          for (const bad of ['x_', '%00', '..%2f', "'--", `${randomUUID()}_`]) {
            const name = /\{(\w+)\}/.exec(route.path)?.[1] ?? '';
            const path = route.path.replace(`{${name}}`, bad);
            const answer = await api.ask(route.method.toUpperCase(), path, anyBody(route));
            assert.equal(assertProblem(answer, 400, 'invalid_request').fields?.[0]?.path, name);
          }
        });
      } else {
        it('answers 404 below it', async () => {
          const answer = await api.ask(route.method.toUpperCase(), `${route.path}/nothing/here`, anyBody(route));
          assertProblem(answer, 404, 'not_found');
        });
      }

      it('refuses other methods with 405 and says which it knows', async () => {
        const answer = await api.ask('PUT', pathOf(route));
        assertProblem(answer, 405, 'method_not_allowed');
        assert.ok(answer.headers.allow?.split(', ').includes(route.method.toUpperCase()));
      });
    });
  }

  it('is in the table under its own name and declares a permission', () => {
    for (const [id, route] of Object.entries<AnyRoute>(routeTable)) {
      assert.ok(id in cases);
      assert.ok(route.permission);
    }
  });
}).timeout(60_000);
