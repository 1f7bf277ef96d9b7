import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '#local/buildLock.ts';
import {
  describeProcess,
  isAlive,
  listLiving,
  readLiving,
  stopProcess,
  untilGone,
  writeRecord,
} from '#local/processes.ts';

const sleeper = (script = 'setInterval(() => {}, 1000)'): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', `${script};console.log('up')`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.once('error', reject);
    child.stdout.once('data', () => resolve(child));
  });

describe('records of processes that outlive their launcher', () => {
  let dir: string;
  const started: ChildProcess[] = [];
  const start = async (script?: string): Promise<ChildProcess> => {
    const child = await sleeper(script);
    started.push(child);
    return child;
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'records-'));
  });
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  });

  it('finds a living process again', async () => {
    const child = await start();
    await writeRecord(dir, 'one', await describeProcess(child.pid!, { port: '1' }));
    const found = await readLiving(dir, 'one');
    assert.equal(found?.pid, child.pid);
    assert.equal(found?.details.port, '1');
    assert.deepEqual(Object.keys(await listLiving(dir)), ['one']);
  });

  it('forgets a process that was killed', async () => {
    const child = await start();
    const record = await describeProcess(child.pid!);
    await writeRecord(dir, 'one', record);
    child.kill('SIGKILL');
    assert.ok(await untilGone(record, 5000));
    assert.equal(await readLiving(dir, 'one'), null);
    assert.deepEqual(await listLiving(dir), {});
  });

  it('never signals a process that has the pid by chance', async () => {
    const child = await start();
    const another = { ...(await describeProcess(child.pid!)), startedAt: 'some other moment' };
    await writeRecord(dir, 'one', another);
    await stopProcess(another, [{ signal: 'SIGTERM', patienceMs: 100 }]);
    assert.equal(await readLiving(dir, 'one'), null);
    assert.equal(child.exitCode, null);
    assert.ok(await isAlive(await describeProcess(child.pid!)));
  });

  it('ends a process that does not listen', async () => {
    const child = await start(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`);
    const record = await describeProcess(child.pid!);
    await stopProcess(record, [{ signal: 'SIGTERM', patienceMs: 200 }]);
    assert.equal(await isAlive(record), false);
  });

  it('takes a record that cannot be read for none', async () => {
    await writeFile(join(dir, 'one.json'), '{"pid":');
    assert.equal(await readLiving(dir, 'one'), null);
  });
});

describe('the lock around a build', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const enter = () =>
      withLock(join(dir, 'lock'), async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 10));
        inside--;
      });
    await Promise.all(Array.from({ length: 8 }, enter));
    assert.equal(most, 1);
  });

  it('does not wait for a process that died with it', async () => {
    await writeFile(join(dir, 'lock'), `${process.pid} some other moment`);
    assert.equal(await withLock(join(dir, 'lock'), async () => 'in'), 'in');
  });

  it('does not wait for a lock that was never written', async () => {
    await writeFile(join(dir, 'lock'), '');
    assert.equal(await withLock(join(dir, 'lock'), async () => 'in'), 'in');
  });
});
