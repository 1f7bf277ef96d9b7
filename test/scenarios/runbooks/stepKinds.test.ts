import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { clearings } from '#domain/retention/clear.ts';
import { digestOf } from '#domain/runbooks/digests.ts';
import { manual, RunbookWorld, sql } from './runbookWorld.ts';

describe('a step of a runbook', () => {
  let world: RunbookWorld;
  let server: Server;
  let answers: { status: number; text: string }[] = [];
  let asked: string[] = [];

  before(async () => {
    world = await RunbookWorld.start(undefined, {
      TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
      TENANTRY_ACT_ATTEMPTS: '3',
    });
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const { status, text } = answers.length > 1 ? answers.shift()! : answers[0]!;
      response.writeHead(status).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await world.stop();
  });
  beforeEach(() => {
    [answers, asked] = [[{ status: 200, text: 'it is up' }], []];
  });

  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const http = (id: string, more: object = {}) => ({
    kind: 'http',
    id,
    title: `Ask ${id}`,
    url: url(`/${id}`),
    ...more,
  });
  const run = (id: string, workflow: string, params: object, more: object = {}) => ({
    ...{ kind: 'workflow', id, title: `Run ${id}`, workflow, params },
    ...more,
  });

  it('is as the documentation shows it', async () => {
    const text = await readFile(new URL('../../../docs/runbooks.md', import.meta.url), 'utf8');
    const [, shown] = /```json\n([^]*?)```/.exec(text)!;
    const name = `shown-${randomBytes(4).toString('hex')}`;
    const path = `/api/v1/runbooks/${name}/versions`;
    const { status, text: told } = await world.api.ask('POST', path, { body: JSON.parse(shown!) as object });
    assert.equal(status, 201, told);
  });

  it("reads nobody's data, whatever its version was checked against", async () => {
    const name = await world.written([sql('ask', { onFailure: 'stop' })]);
    const { installation } = world.api;
    await installation.asAdmin(null, 'alter table runbook_versions disable trigger runbook_versions_are_immutable');
    const [row] = await installation.asAdmin<{ definition: RunbookDefinition }>(
      null,
      `select jsonb_set(definition, '{steps,0,query}', '"select email from users"') as definition from runbook_versions where name = $1`,
      [name],
    );
    const { definition } = row!;
    await installation.asAdmin(null, `update runbook_versions set definition = $2, digest = $3 where name = $1`, [
      ...[name, JSON.stringify(definition), digestOf(definition)],
    ]);
    await installation.asAdmin(null, 'alter table runbook_versions enable trigger runbook_versions_are_immutable');
    const over = await world.isOver(await world.start(name));
    assert.equal(over.state, 'rolled_back');
    assert.deepEqual(over.steps[0]!.output, null);
    assert.match(over.steps[0]!.reason!, /must not read "users"/);
  });

  describe('that starts a run', () => {
    it('waits for it and hands on what it made; in practice it stops where the run would change something', async () => {
      const slug = `made-${randomBytes(4).toString('hex')}`;
      const name = await world.written([
        run('make', 'createTenant', { name: 'Made by a runbook', slug }),
        run('look', 'checkDrift', {}),
        sql('is-there', {
          query: 'select state from tenants where id = $1::uuid',
          params: [{ $from: 'steps.make.tenantId' }],
          expect: { first: { state: 'active' } },
        }),
      ]);
      const practice = await world.start(name, {}, 'practice');
      const { execution, step } = await world.waits(practice, 'make', 'decision');
      assert.equal(step.reasonCode, 'practice_undeclared');
      await world.decide(execution, 'make', { decision: 'stop' });
      assert.equal((await world.isOver(practice)).state, 'rolled_back');

      const over = await world.isOver(await world.start(name));
      assert.equal(over.state, 'succeeded', over.reason ?? '');
      const made = over.steps.find(({ key }) => key === 'make')!;
      const child = await world.api.installation.run(made.childRunId!);
      assert.deepEqual([child.kind, child.state], ['provisionTenant', 'succeeded']);
      assert.deepEqual([made.output?.['runId'], made.output?.['slug']], [made.childRunId, slug]);
    });

    it('asks a person when the run is refused', async () => {
      const slug = `taken-${randomBytes(4).toString('hex')}`;
      await world.api.installation.createTenant({ name: 'Taken', slug });
      const runId = await world.start(await world.written([run('make', 'createTenant', { name: 'Second', slug })]));
      const { execution, step } = await world.waits(runId, 'make', 'decision');
      assert.deepEqual([step.reasonCode, step.childRunId], ['slug_taken', null]);
      await world.decide(execution, 'make', { decision: 'stop', reason: 'It is there' });
      const over = await world.isOver(runId);
      assert.deepEqual([over.state, over.reason], ['rolled_back', 'It is there']);
    });
  });

  it('asks a data store about itself, and not about tenants', async () => {
    const { installation } = world.api;
    const { tenantId } = await installation.provision({ name: 'Not to be read' });
    const [store] = await installation.asAdmin<{ name: string }>(
      null,
      `select s.database_name as name from data_stores s join resources r on r.store_id = s.id where r.tenant_id = $1`,
      [tenantId],
    );
    const on = { on: store!.name, onFailure: 'continue' };
    const [table] = await installation.asAdmin<{ name: string }>(
      store!.name,
      `select tablename as name from pg_tables where schemaname = $1 limit 1`,
      [schemaNameOf(tenantId)],
    );
    const name = await world.written([
      sql('itself', { ...on, query: 'select count(*)::int as tables from pg_class', tells: ['tables'] }),
      sql('tenant', { ...on, query: `select * from "${schemaNameOf(tenantId)}"."${table!.name}"` }),
    ]);
    const [itself, tenant] = (await world.isOver(await world.start(name))).steps;
    assert.equal(itself!.state, 'done', itself!.reason ?? '');
    assert.ok(Number(itself!.output?.['tables']) > 0);
    assert.deepEqual([tenant!.state, tenant!.reasonCode], ['failed', 'check_failed']);
    assert.match(tenant!.reason!, /must not read/);
  });

  describe('that asks an address', () => {
    it('asks until it answers as expected', async () => {
      answers = [
        { status: 503, text: 'not yet' },
        { status: 200, text: 'hardly' },
        { status: 200, text: 'it is up' },
      ];
      const step = http('up', { untilSeconds: 60, expect: { status: [200], contains: 'is up' } });
      const over = await world.isOver(await world.start(await world.written([step])));
      assert.equal(over.state, 'succeeded');
      assert.deepEqual(asked, ['GET /up', 'GET /up', 'GET /up']);
      assert.deepEqual(over.steps[0]!.output, { status: 200 });
    });

    it('says what it was answered where that is not as expected, and asks again on a retry', async () => {
      answers = [{ status: 500, text: 'broken' }];
      const runId = await world.start(await world.written([http('up')]));
      const { execution, step } = await world.waits(runId, 'up', 'decision');
      assert.deepEqual([step.reasonCode, step.reason], ['check_failed', 'It answered 500.']);
      answers = [{ status: 200, text: '' }];
      await world.decide(execution, 'up', { decision: 'retry' });
      const over = await world.isOver(runId);
      assert.deepEqual([over.state, over.steps[0]!.attempt], ['succeeded', 2]);
    });
  });

  describe('that a person does', () => {
    it('is refused what it did not ask for, and stops the runbook where its doer says that it failed', async () => {
      const asks = [{ name: 'seen', title: 'Seen by', type: 'number' }];
      const runId = await world.start(await world.written([manual('tell', { asks, onFailure: 'stop' })]));
      const { execution } = await world.waits(runId, 'tell', 'person');
      const done = { version: execution.version, outcome: 'done' };
      for (const [given, path] of [
        [{}, 'answers.seen'],
        [{ seen: 'three' }, 'answers.seen'],
        [{ seen: 3, more: true }, 'answers.more'],
      ] as const) {
        const refused = await world.tell(execution, 'tell', 'completion', { ...done, answers: given });
        assert.deepEqual([refused.body.code, refused.body.fields?.[0]?.path], ['input_invalid', path]);
      }
      const told = { version: execution.version, outcome: 'failed', note: 'Nobody picked up the phone' };
      assert.equal((await world.tell(execution, 'tell', 'completion', told)).status, 202);
      const over = await world.isOver(runId);
      assert.deepEqual([over.state, over.reasonCode], ['rolled_back', 'reported_failed']);
      assert.equal(over.steps[0]!.reason, 'Nobody picked up the phone');
    });

    it('keeps what people write sealed, and forgets it after its time', async () => {
      const canary = `canary-${randomUUID()}`;
      const approval = { kind: 'approval', id: 'agree', title: 'Agree', required: 1, notByStarter: false };
      const runId = await world.start(await world.written([manual('first'), manual('do'), approval, sql('check')]), {
        ...{ startAt: 'do', startReason: canary },
      });
      const { execution } = await world.waits(runId, 'do', 'person');
      await world.api.ask('POST', `/api/v1/runbook-executions/${runId}/notes`, { body: { note: canary } });
      await world.api.ask('POST', `/api/v1/runbook-executions/${runId}/pause`, { body: { reason: canary } });
      await world.api.ask('POST', `/api/v1/runbook-executions/${runId}/resume`, { body: { reason: canary } });
      const { version } = await world.read(runId);
      await world.tell(execution, 'do', 'completion', { version, outcome: 'done', note: canary });
      const { execution: agreeing } = await world.waits(runId, 'agree', 'approval');
      const verdict = { boundTo: agreeing.boundTo, verdict: 'refuse', note: canary };
      await world.tell(agreeing, 'agree', 'verdict', verdict);
      const { execution: refused } = await world.waits(runId, 'agree', 'decision');
      await world.decide(refused, 'agree', { decision: 'skip', reason: canary });
      const over = await world.isOver(runId);
      assert.equal(over.state, 'succeeded');
      assert.equal(over.startReason, canary);
      assert.equal(over.steps.find(({ key }) => key === 'do')!.note, canary);
      assert.deepEqual(
        over.steps.find(({ key }) => key === 'agree')!.approval!.given.map(({ note }) => note),
        [canary],
      );
      assert.equal(over.timeline.filter(({ note }) => note === canary).length, 7);

      const { installation } = world.api;
      const tables = await installation.asAdmin<{ name: string }>(
        null,
        `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
      );
      assert.ok(tables.length > 50);
      for (const { name } of tables) {
        const found = await installation.asAdmin(null, `select 1 from "${name}" t where t::text like $1`, [
          `%${canary}%`,
        ]);
        assert.equal(found.length, 0, `${name} holds it in the clear`);
      }
      await assert.rejects(
        installation.asAdmin(null, `update runbook_timeline set kind = 'x' where run_id = $1`, [runId]),
        /never rewritten/,
      );
      await installation.asAdmin(null, `update runs set finished_at = now() - interval '20 years' where id = $1`, [
        runId,
      ]);
      await clearings.runs(installation.em, 3_650, 1_000);
      const left = await world.read(runId);
      assert.deepEqual(left.steps, []);
      assert.equal(left.timeline.length, over.timeline.length);
      assert.ok(left.timeline.every(({ note }) => note !== canary));
    });
  });
}).timeout(120_000);
