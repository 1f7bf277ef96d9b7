import assert from 'node:assert/strict';
import type { RunbookCheck } from '#contracts/runbooks/runbooks.ts';
import { manual, RunbookWorld, sql } from './runbookWorld.ts';

const pause = (id: string, more: object = {}) => ({
  ...{ kind: 'action', id, title: 'Pause', action: 'provisioning.pause', params: { reason: 'An incident' } },
  ...{ undo: { kind: 'own' }, ...more },
});
const fails = (id: string, more: object = {}) => sql(id, { expect: { rows: { atLeast: 2 } }, ...more });

describe('a runbook', () => {
  let world: RunbookWorld;
  before(async () => {
    world = await RunbookWorld.start();
  });
  after(() => world.stop());

  const isPaused = async (): Promise<boolean> => {
    const found = await world.api.installation.asAdmin<{ paused: boolean }>(
      null,
      `select paused from switches where name = 'provisioning'`,
    );
    return found[0]?.paused ?? false;
  };

  it('goes step by step and side by side, hands on what steps told, and tells its story', async () => {
    const name = await world.written(
      [
        sql('count', { query: 'select count(*)::int as runs, 7 as seven from runs', tells: ['seven'] }),
        {
          ...{ kind: 'parallel', id: 'both', title: 'Both' },
          steps: [
            sql('left', {
              query: 'select $1::int as same',
              params: [{ $from: 'steps.count.seven' }],
              expect: { first: { same: 7 } },
            }),
            {
              kind: 'sequence',
              id: 'right',
              title: 'Right',
              steps: [{ kind: 'wait', id: 'rest', title: 'Rest', seconds: 1 }, sql('then')],
            },
          ],
        },
        manual('tell', {
          ...{ role: 'Incident commander', instructions: 'Tell **{{inputs.who}}** of {{steps.count.seven}}' },
          asks: [{ name: 'seen', title: 'Seen by', type: 'number' }],
        }),
        sql('last', {
          query: 'select $1::int as seen',
          params: [{ $from: 'steps.tell.seen' }],
          expect: { first: { seen: 3 } },
        }),
      ],
      { inputs: [{ name: 'who', title: 'Who', type: 'text' }], budgetSeconds: 3600 },
    );
    const runId = await world.start(name, { inputs: { who: 'everybody' } });
    const { execution, step } = await world.waits(runId, 'tell', 'person');
    assert.equal(execution.state, 'waiting');
    assert.equal(step.instructions, 'Tell **everybody** of 7');
    assert.deepEqual(
      execution.steps.find(({ key }) => key === 'then')?.within.map(({ id }) => id),
      ['both', 'right'],
    );
    const missing = await world.tell(execution, 'tell', 'completion', { version: execution.version, outcome: 'done' });
    assert.equal(missing.body.code, 'input_invalid');
    const done = await world.tell(execution, 'tell', 'completion', {
      ...{ version: execution.version, outcome: 'done', note: 'All of them', answers: { seen: 3 } },
    });
    assert.equal(done.status, 202, done.text);
    const over = await world.isOver(runId);
    assert.equal(over.state, 'succeeded', JSON.stringify(over.steps));
    assert.deepEqual(new Set(Object.values(world.states(over))), new Set(['done']));
    const told = over.steps.find(({ key }) => key === 'tell')!;
    assert.deepEqual([told.completedBy, told.note], ['owner@example.org', 'All of them']);
    const story = over.timeline.map(({ kind, step: key }) => `${kind} ${key ?? ''}`.trim());
    assert.deepEqual(story.slice(0, 4), ['opened', 'started', 'step.begun count', 'step.done count']);
    assert.equal(story.at(-1), 'ended');
    const report = await world.api.ask('GET', `/api/v1/runbook-executions/${runId}/report`);
    assert.match(String(report.headers['content-type']), /^text\/markdown/);
    assert.match(report.text, /All of them/);
  });

  it('takes back what it did, the last first, when it is told to stop, and nothing that it did not do', async () => {
    const name = await world.written([
      manual('before', { undo: { kind: 'manual', instructions: 'Undo it by hand' } }),
      pause('hold'),
      fails('check'),
    ]);
    const runId = await world.start(name, { startAt: 'hold', startReason: 'The first was done by hand' });
    const { execution } = await world.waits(runId, 'check', 'decision');
    assert.equal(await isPaused(), true);
    const told = await world.decide(execution, 'check', { decision: 'stop', reason: 'It will not do' });
    assert.equal(told.status, 202, told.text);
    const over = await world.isOver(runId);
    assert.equal(over.state, 'rolled_back');
    assert.deepEqual(world.states(over), { before: 'skipped', hold: 'undone', check: 'failed' });
    assert.equal(await isPaused(), false);
    assert.equal(over.reason, 'It will not do');
  });

  it('is told by one of two operators at once; the other looks again', async () => {
    const runId = await world.start(await world.written([fails('check'), sql('after')]));
    const { execution } = await world.waits(runId, 'check', 'decision');
    const other = await world.person('operator');
    const answers = await Promise.all([
      world.decide(execution, 'check', { decision: 'skip', reason: 'Known' }),
      world.decide(execution, 'check', { decision: 'stop' }, other.cookie),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [202, 409]);
    assert.equal(answers.find(({ status }) => status === 409)!.body.code, 'run_moved_on');
    const over = await world.isOver(runId);
    const winner = answers[0]!.status === 202 ? 'succeeded' : 'rolled_back';
    assert.equal(over.state, winner);
    assert.equal(over.timeline.filter(({ kind }) => kind === 'decided').length, 1);
  });

  it('asks others before it goes on: n of them, for what they have seen, and not who started it', async () => {
    const approval = { kind: 'approval', id: 'agree', title: 'Agree', required: 2 };
    const runId = await world.start(await world.written([approval, sql('after')]));
    const { execution } = await world.waits(runId, 'agree', 'approval');
    const verdict = { boundTo: execution.boundTo, verdict: 'approve' };
    const own = await world.tell(execution, 'agree', 'verdict', verdict);
    assert.equal(own.body.code, 'approval_own');
    const [one, two] = [await world.person(), await world.person()];
    const edited = await world.tell(execution, 'agree', 'verdict', { ...verdict, boundTo: '0'.repeat(64) }, one.cookie);
    assert.equal(edited.body.code, 'approval_invalid');
    assert.equal((await world.tell(execution, 'agree', 'verdict', verdict, one.cookie)).status, 202);
    assert.equal((await world.tell(execution, 'agree', 'verdict', verdict, one.cookie)).body.code, 'approval_decided');
    assert.equal((await world.read(runId)).state, 'waiting');
    assert.equal((await world.tell(execution, 'agree', 'verdict', verdict, two.cookie)).status, 202);
    assert.equal((await world.isOver(runId)).state, 'succeeded');
  });

  it('leaves what it is at when it is cancelled, and takes back what it did', async () => {
    // Nobody listens there for as long as it asks.
    const asks = { kind: 'http', id: 'ask', title: 'Ask', url: 'http://127.0.0.1:9/', untilSeconds: 600 };
    const runId = await world.start(await world.written([pause('hold'), asks]));
    await world.api.installation.until(
      'it to ask',
      30_000,
      async () => world.states(await world.read(runId))['ask'] === 'running',
    );
    assert.equal((await world.api.ask('POST', `/api/v1/runs/${runId}/cancel`)).status, 202);
    const over = await world.isOver(runId);
    assert.equal(over.state, 'cancelled');
    assert.deepEqual(world.states(over), { hold: 'undone', ask: 'failed' });
    assert.equal(await isPaused(), false);
  });

  it('stands still at a breakpoint and while it is paused, and goes on when it is told', async () => {
    const name = await world.written([manual('first'), sql('second'), sql('third')]);
    const runId = await world.start(name, { breakpoints: ['third'] });
    const { execution } = await world.waits(runId, 'first', 'person');
    await world.api.ask('POST', `/api/v1/runbook-executions/${runId}/pause`, { body: { reason: 'Lunch' } });
    const at = await world.read(runId);
    await world.tell(execution, 'first', 'completion', { version: at.version, outcome: 'done' });
    const paused = await world.waits(runId, 'second', 'pause');
    assert.equal(paused.execution.state, 'paused');
    await world.api.ask('POST', `/api/v1/runbook-executions/${runId}/resume`, { body: {} });
    const broken = await world.waits(runId, 'third', 'breakpoint');
    assert.equal(world.states(broken.execution)['second'], 'done');
    await world.decide(broken.execution, 'third', { decision: 'continue' });
    assert.equal((await world.isOver(runId)).state, 'succeeded');
  });

  it('rehearses in practice, passes over what is said to be, and stops where nothing is said', async () => {
    const posts = { kind: 'http', id: 'post', title: 'Post', method: 'POST', url: 'http://127.0.0.1:9/' };
    const name = await world.written([
      pause('hold'),
      { ...posts, id: 'skipped', practice: 'skipped' },
      manual('real', { practice: { instead: sql('x') } }),
      posts,
    ]);
    const runId = await world.start(name, {}, 'practice');
    const { execution, step } = await world.waits(runId, 'post', 'decision');
    assert.equal(step.reasonCode, 'practice_undeclared');
    assert.deepEqual(world.states(execution), { hold: 'done', skipped: 'skipped', real: 'done', post: 'waiting' });
    assert.equal(await isPaused(), false, 'it was rehearsed');
    assert.deepEqual(step.may.decide, ['skip', 'stop']);
    await world.decide(execution, 'post', { decision: 'skip', reason: 'Known' });
    const over = await world.isOver(runId);
    assert.deepEqual([over.state, over.practice], ['succeeded', true]);
    assert.deepEqual(world.states(over)['hold'], 'done');
  });

  it('tells what takes longer than its budget, and ends it only where that is said', async () => {
    const slow = { kind: 'wait', title: 'Wait', seconds: 3, budgetSeconds: 1 };
    const name = await world.written(
      [
        { ...slow, id: 'told' },
        { ...slow, id: 'ended', onOverrun: 'stop', onFailure: 'continue' },
      ],
      {},
    );
    const over = await world.isOver(await world.start(name));
    assert.equal(over.state, 'succeeded');
    assert.deepEqual(
      over.steps.map(({ state, overran }) => [state, overran]),
      [
        ['done', true],
        ['failed', true],
      ],
    );
    assert.equal(over.timeline.filter(({ kind }) => kind === 'step.overran').length, 2);
  });

  it('is refused approvals that came too late, and asks for them anew', async () => {
    const approval = { kind: 'approval', id: 'agree', title: 'Agree', required: 1, expiresSeconds: 1 };
    const runId = await world.start(await world.written([approval]));
    const { execution, step } = await world.waits(runId, 'agree', 'decision');
    assert.equal(step.reasonCode, 'approval_expired');
    const late = await world.tell(
      execution,
      'agree',
      'verdict',
      { boundTo: execution.boundTo, verdict: 'approve' },
      (await world.person()).cookie,
    );
    assert.equal(late.body.code, 'approval_over');
    await world.decide(execution, 'agree', { decision: 'stop' });
    assert.equal((await world.isOver(runId)).state, 'rolled_back');
  });

  it('stops where its inputs are not what they were when it was approved', async () => {
    const name = await world.written([manual('first'), sql('second')], {
      inputs: [{ name: 'who', title: 'Who', type: 'text' }],
    });
    const runId = await world.start(name, { inputs: { who: 'us' } });
    const { execution } = await world.waits(runId, 'first', 'person');
    await world.api.installation.asAdmin(
      null,
      `update runbook_executions set inputs = '{"who":"them"}' where run_id = $1`,
      [runId],
    );
    await world.tell(execution, 'first', 'completion', { version: execution.version, outcome: 'done' });
    const over = await world.isOver(runId);
    assert.deepEqual([over.state, over.reasonCode], ['rolled_back', 'edited']);
    assert.equal(world.states(over)['second'], 'pending');
  });

  it("is carried out once at a time with the same inputs, and a practice is in nobody's way", async () => {
    const name = await world.written([manual('wait')]);
    const runId = await world.start(name);
    const second = await world.api.refusal('POST', `/api/v1/runbooks/${name}/executions`, { body: {} });
    assert.deepEqual([second.code, second['runId' as never]], ['run_in_progress', runId]);
    await world.start(name, {}, 'practice');
  });

  it('is not written by what could not run, and every finding is told with its place', async () => {
    const { status, body } = await world.write('wrong', [
      { kind: 'action', id: 'a', title: 'A', action: 'nothing.at-all' },
      { kind: 'workflow', id: 'a', title: 'B', workflow: 'unheard' },
      sql('b', { query: 'with gone as (delete from runs returning 1) select * from gone' }),
      sql('c', { params: [{ $from: 'steps.d.rows' }] }),
      { kind: 'approval', id: 'd', title: 'D', required: 3, among: ['one@example.org'] },
      sql('e', { query: 'select nothing_of_the_kind from runs' }),
    ]);
    assert.deepEqual([status, body.code], [422, 'runbook_invalid']);
    const paths = body.fields!.map(({ path }) => path);
    for (const path of [
      'steps.0.action',
      'steps.1.id',
      'steps.1.workflow',
      'steps.2.query',
      'steps.3.params.0',
      'steps.4.required',
    ])
      assert.ok(paths.includes(path), `${path} of ${paths.join(', ')}`);
    const definition = {
      title: 'Asked',
      steps: [
        sql('e', { query: 'select nothing_of_the_kind from runs' }),
        sql('f', {
          query: 'select r.id from runs r join users u on u.id = r.actor_id where u.email = $1',
          params: ['x'],
        }),
      ],
    };
    const checked = await world.api.ask<RunbookCheck>('POST', '/api/v1/runbooks/check', { body: { definition } });
    assert.deepEqual(
      checked.body.findings.map(({ code, path }) => [code, path]),
      [
        ['sql_invalid', 'steps.0.query'],
        ['sql_unreadable', 'steps.1.query'],
      ],
    );
  });
}).timeout(120_000);
