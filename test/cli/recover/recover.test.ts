import assert from 'node:assert/strict';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '#test/drills/random.ts';
import { becomes, RecoverGround } from './recoverGround.ts';

describe('tenantry recover: a runbook by a journal, without API, registry or cluster', function () {
  this.timeout(240_000);
  const ground = new RecoverGround();
  const { effect } = ground;
  before(() => ground.start());
  after(() => ground.stop());

  const manual = (id: string, more: object = {}) => ({ kind: 'manual', id, title: `Do ${id} by hand`, ...more });
  const run = (journal: string, book: string | null, ...args: string[]) =>
    ground.run([...(book === null ? [] : [book]), '--journal', ground.journal(journal), '--no-ask', ...args]).over;

  it('asks several people at the terminal, carries everything out once, and reports', async () => {
    const book = await ground.book([
      { kind: 'parallel', id: 'both', title: 'Both at once', steps: [effect('left'), effect('right')] },
      manual('look', { instructions: 'Look at {{inputs.place}}.', asks: [{ name: 'seen', title: 'How many', type: 'number' }] }),
      { kind: 'approval', id: 'agree', title: 'Two agree', required: 2 },
      { kind: 'wait', id: 'pause', title: 'Wait a second', seconds: 1 },
      effect('last', { url: `${ground.counter.url}/last-{{steps.look.seen}}` }),
    ], { inputs: [{ name: 'place', title: 'Where', type: 'text' }] }); // prettier-ignore
    const asked = ground.run([book, '--journal', ground.journal('asked'), '--ask', '--as', 'Ada', '--input', 'place=the attic']); // prettier-ignore
    asked.type('done', '7', 'Ada', 'seen | all', 'approve', 'ada', '', 'approve', 'Bob', 'fine', 'approve', 'Cy', '');
    const { code, said } = await asked.over;
    assert.equal(code, 0, said);
    assert.match(said, /Look at the attic\./);
    assert.match(said, /approval_own/);
    assert.deepEqual(ground.counter.calls.toSorted(), ['/last-7', '/left', '/right']);
    const report = await readFile(join(ground.journal('asked'), 'report.md'), 'utf8');
    assert.match(report, /\| Outcome \| succeeded \|/);
    assert.match(report, /Bob: approve · Cy: approve/);
    assert.match(report, /seen \\\| all/);
    // Asked again, it is over and nothing is done.
    assert.equal((await run('asked', null)).code, 0);
    assert.equal(ground.counter.calls.length, 3);
  });

  it('stops with its own code where nobody decided beforehand, and goes on by the same command', async () => {
    const book = await ground.book([effect('one'), manual('hand'), effect('two')]);
    const stopped = await run('told', book);
    assert.equal(stopped.code, 4, stopped.said);
    assert.match(stopped.said, /--decide hand=<done\|failed\|skip\|stop>,<who>,<why>/);
    assert.equal((await run('told', book, '--decide', 'hand=nonsense')).code, 4);
    assert.equal((await run('told', null, '--decide', 'nothing at all')).code, 3);
    const { code, said } = await run('told', null, '--decide', 'hand=done,Ada,it is well');
    assert.equal(code, 0, said);
    assert.deepEqual([ground.counter.count('/one'), ground.counter.count('/two')], [1, 1]);
  });

  it('takes back what declares how, the last first, and ends as told', async () => {
    const servers = join(ground.folder, 'servers.json');
    await writeFile(servers, JSON.stringify({ servers: ['east', 'west'].map((name) => ({ name, url: 'postgres://nobody@127.0.0.1:1/x' })) })); // prettier-ignore
    const claim = { kind: 'action', id: 'claim', title: 'Take the servers', action: 'servers.claim', params: { primary: 'east', standby: 'west' }, undo: { kind: 'own' } }; // prettier-ignore
    const book = await ground.book([claim, effect('broken')]);
    const env = { TENANTRY_SERVERS: servers };
    const args = (journal: string) => [book, '--journal', ground.journal(journal), '--no-ask'];
    const first = await ground.run(args('back'), env).over;
    assert.equal(first.code, 4, first.said);
    assert.match(first.said, /broken=<retry\|skip\|stop>/);
    const second = await ground.run(args('another'), env).over;
    assert.match(second.said, /failover_in_progress/, 'another journal of this machine moves the same servers');
    const stopped = await ground.run([...args('back'), '--decide', 'broken=stop,Ada,no use'], env).over;
    assert.equal(stopped.code, 1, stopped.said);
    assert.match(stopped.said, /taken back: Take the servers[\s\S]*It ended: rolled back/);
    const third = await ground.run([...args('another'), '--decide', 'claim=retry,Ada'], env).over;
    assert.match(third.said, /✔ Take the servers/);
  });

  it('goes on after kill -9 at any moment, and repeats nothing that was noted as done', async () => {
    const keys = Array.from({ length: 8 }, (_, at) => `kill-${at}`);
    const random = new Random(Number(process.env['TEST_SEED'] ?? 20261122));
    for (let round = 0; round < 3; round += 1) {
      const steps = keys.map((key) => effect(`${key}-${round}`));
      const book = await ground.book(steps);
      const journal = `killed-${round}`;
      const lines = 3 + random.below(keys.length * 3 - 4);
      const killed = ground.run([book, '--journal', ground.journal(journal), '--no-ask']);
      await becomes(`line ${lines}`, async () => (await ground.entries(journal)).length >= lines);
      await killed.kill();
      const noted = await ground.done(journal);
      const before = new Map(noted.map((key) => [key, ground.counter.count(`/${key}`)]));
      const { code, said } = await run(journal, book);
      assert.equal(code, 0, said);
      for (const [key, count] of before)
        assert.equal(ground.counter.count(`/${key}`), count, `${key} at line ${lines}`);
      for (const key of keys) assert.ok(ground.counter.count(`/${key}-${round}`) >= 1, key);
      assert.equal(new Set(await ground.done(journal)).size, keys.length);
      assert.equal((await ground.done(journal)).length, keys.length, 'each is noted once');
    }
  });

  it('begins a deed again that was under way when it was killed', async () => {
    const book = await ground.book([effect('held')]);
    ground.counter.hold('/held');
    const killed = ground.run([book, '--journal', ground.journal('held'), '--no-ask']);
    await becomes('the call', () => ground.counter.count('/held') === 1);
    await killed.kill();
    ground.counter.release('/held');
    const { code, said } = await run('held', book);
    assert.equal(code, 0, said);
    assert.equal(ground.counter.count('/held'), 2);
    assert.deepEqual(await ground.done('held'), ['held']);
  });

  it('refuses a second operator while the first is at it, naming the first', async () => {
    const book = await ground.book([effect('alone')]);
    ground.counter.hold('/alone');
    const first = ground.run([book, '--journal', ground.journal('alone'), '--as', 'Ada', '--no-ask']);
    await becomes('the call', () => ground.counter.count('/alone') === 1);
    const lines = (await ground.entries('alone')).length;
    const second = await run('alone', book, '--as', 'Bob');
    assert.equal(second.code, 1, second.said);
    assert.match(second.said, /Ada carries it out already: process \d+ .*journal_held/);
    assert.equal((await ground.entries('alone')).length, lines, 'nothing was written');
    ground.counter.release('/alone');
    assert.equal((await first.over).code, 0);
    assert.equal(ground.counter.count('/alone'), 1);
  });

  it('does not believe a journal that is not as it was written, and drops only a torn last line', async () => {
    const book = await ground.book([effect('whole'), manual('wait-here')]);
    assert.equal((await run('damaged', book)).code, 4);
    const file = join(ground.journal('damaged'), 'journal.jsonl');
    const text = await readFile(file, 'utf8');
    await appendFile(file, '{"number":99,"at":"2026');
    assert.equal((await run('damaged', book)).code, 4, 'what was torn off never counted');
    const whole = await readFile(file, 'utf8');
    assert.ok(whole.startsWith(text) && !whole.includes('"number":99'));
    const refused = async (how: string) => {
      const { code, said } = await run('damaged', book, '--decide', 'wait-here=done,Ada');
      assert.equal(code, 1, `${how}: ${said}`);
      assert.match(said, /journal_damaged/, how);
    };
    await writeFile(file, whole.replace('"done"', '"done" '));
    await refused('a byte more');
    await writeFile(file, whole.replace('"state":"done"', '"state":"fail"'));
    await refused('another word');
    await truncate(file, (await stat(file)).size - 40);
    await refused('a counted line is torn');
    await writeFile(file, '');
    await refused('nothing is left');
    await writeFile(file, whole);
    await writeFile(join(ground.journal('damaged'), 'head.json'), '{');
    await refused('the head');
    assert.equal(ground.counter.count('/whole'), 1);
  });

  it('refuses the journal of another runbook, version or inputs, and what it cannot carry out, before anything is done', async () => {
    const inputs = [{ name: 'place', title: 'Where', type: 'text', required: false, default: 'here' }];
    const book = await ground.book([effect('first'), manual('then')], { inputs });
    assert.equal((await run('other', book)).code, 4);
    const edited = await ground.book([effect('first'), manual('then', { skippable: false })], { inputs });
    const calls = ground.counter.calls.length;
    // One after the other: three of them are of one journal, which only one may hold.
    const refusals: [string, () => Promise<{ code: number | null; said: string }>, number, RegExp][] = [
      ['another version', () => run('other', edited), 1, /journal_other/],
      ['other inputs', () => run('other', book, '--input', 'place=there'), 1, /other inputs.*journal_other/],
      ['inputs to nothing', () => run('other', null, '--input', 'place=there'), 1, /journal_other/],
      ['no journal', () => run('nowhere', null), 3, /name the runbook/],
      ['no such runbook', () => run('new-1', 'lose-everything'), 3, /one of: .*lose-the-primary/],
      ['an unknown input', () => run('new-2', book, '--input', 'when=now'), 1, /inputs\.when: is unknown[\s\S]*|input_invalid/],
      ['missing inputs', () => run('new-3', 'region-failover-rehearsal'), 1, /inputs\.here: is missing/],
      ['an unknown action', async () => run('new-4', await ground.book([{ kind: 'action', id: 'a', title: 'A', action: 'moon.shoot' }])), 1, /runbook_invalid[\s\S]*steps\.0\.action: there is no action "moon\.shoot"/],
      ['an action of the registry', async () => run('new-5', await ground.book([effect('never'), { kind: 'action', id: 'a', title: 'A', action: 'provisioning.resume' }])), 1, /action_needs_platform[\s\S]*a: does provisioning\.resume/],
      ['a run of the cluster', async () => run('new-6', await ground.book([{ kind: 'workflow', id: 'w', title: 'W', workflow: 'backupPlatform' }])), 1, /w: starts the run backupPlatform/],
    ]; // prettier-ignore
    for (const [what, ask, code, expected] of refusals) {
      const { code: was, said } = await ask();
      assert.equal(was, code, `${what}: ${said}`);
      assert.match(said, expected, `${what}: ${said}`);
    }
    assert.equal(ground.counter.calls.length, calls);
    assert.equal((await ground.run([book]).over).code, 2, 'the journal must be named');
  });
});
