import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from '#local/paths.ts';
import { describeProcess, untilGone } from '#local/processes.ts';

const emptyLock = JSON.stringify({ lockfileVersion: 3, packages: { '': {} } });

/** A checkout in miniature: the real bootstrap, a command that tells what reaches it, and an npm that can be watched. */
async function makeCheckout(command: string, npm = 'exit 9'): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'a checkout '));
  await Promise.all(
    ['local/preludes', 'bin', 'observability'].map((room) => mkdir(join(root, room), { recursive: true })),
  );
  for (const file of ['bootstrap.mjs', 'preludes/lifeline.mjs'])
    await cp(join(checkout, 'local', file), join(root, 'local', file));
  await writeFile(join(root, 'observability', 'register.ts'), '');
  await writeFile(join(root, 'local', 'start.ts'), command);
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'package-lock.json'), emptyLock);
  await writeFile(join(root, 'bin', 'npm'), `#!/bin/sh\n${npm}\n`);
  await chmod(join(root, 'bin', 'npm'), 0o755);
  return root;
}

async function install(root: string): Promise<void> {
  await mkdir(join(root, 'node_modules', '.bin'), { recursive: true });
  await symlink(process.execPath, join(root, 'node_modules', '.bin', 'node'));
  await writeFile(join(root, 'node_modules', '.package-lock.json'), emptyLock);
}

interface Running {
  child: ChildProcess;
  output(): string;
  until(text: string): Promise<void>;
  ended: Promise<number | NodeJS.Signals>;
}

function run(root: string, args: string[], how: { detached?: boolean } = {}): Running {
  const { npm_execpath: _npm, npm_lifecycle_event: _event, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'local', 'bootstrap.mjs'), ...args], {
    env: { ...env, PATH: `${join(root, 'bin')}:${process.env.PATH}`, NODE_V8_COVERAGE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...how,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals);
  const until = async (text: string): Promise<void> => {
    for (const deadline = Date.now() + 20_000; !said.includes(text); await sleep(20)) {
      if (Date.now() > deadline) throw new Error(`"${text}" was not said: ${said}`);
    }
  };
  return { child, output: () => said, until, ended };
}

const listener = `
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => { count += 1; console.log(\`got \${signal} \${count}\`); setTimeout(() => process.exit(7), 700); });
  console.log('up', process.pid, process.argv.slice(2).join('|'), process.env.GIVEN ?? '');
  setInterval(() => {}, 1000);`;

describe('the bootstrap of every npm script', () => {
  let root = '';
  const given: ChildProcess[] = [];
  const start = (...all: Parameters<typeof run>): Running => {
    const running = run(...all);
    given.push(running.child);
    return running;
  };
  afterEach(async () => {
    for (const child of given.splice(0)) child.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  });

  it('passes arguments and the exit code through', async () => {
    root = await makeCheckout(`console.log(JSON.stringify(process.argv.slice(2))); process.exit(3);`);
    await install(root);
    const { ended, output } = start(root, ['start', '--grep', 'two words', '']);
    assert.equal(await ended, 3);
    assert.match(output(), /\["--grep","two words",""\]/);
  });

  it('passes a signal on once, however often it arrives at the same moment', async () => {
    root = await makeCheckout(listener);
    await install(root);
    const { child, until, ended, output } = start(root, ['start']);
    await until('up');
    for (let times = 0; times < 3; times++) child.kill('SIGINT');
    assert.equal(await ended, 7);
    assert.deepEqual(output().match(/got SIGINT \d/g), ['got SIGINT 1']);
  });

  it('passes a second signal on that comes later', async () => {
    root = await makeCheckout(listener);
    await install(root);
    const { child, until, ended } = start(root, ['start']);
    await until('up');
    child.kill('SIGTERM');
    await until('got SIGTERM 1');
    await sleep(400);
    child.kill('SIGTERM');
    await until('got SIGTERM 2');
    assert.equal(await ended, 7);
  });

  it('delivers a Ctrl-C of the whole group once', async () => {
    root = await makeCheckout(listener);
    await install(root);
    const { child, until, ended, output } = start(root, ['start'], { detached: true });
    await until('up');
    process.kill(-child.pid!, 'SIGINT');
    assert.equal(await ended, 7);
    assert.deepEqual(output().match(/got SIGINT \d/g), ['got SIGINT 1']);
  });

  it('takes the command along when it is killed with -9', async () => {
    root = await makeCheckout(listener);
    await install(root);
    const { child, until, output } = start(root, ['start']);
    await until('up');
    const command = await describeProcess(Number(/up (\d+)/.exec(output())![1]));
    child.kill('SIGKILL');
    assert.ok(await untilGone(command, 5000));
    assert.match(output(), /got SIGTERM 1/);
  });

  it('installs what is missing, once', async () => {
    root = await makeCheckout(`console.log('ran');`);
    const lay = `
echo "npm $@"
echo "npm $@" >> "${root}/calls"
mkdir -p "${root}/node_modules/.bin"
ln -sf "${process.execPath}" "${root}/node_modules/.bin/node"`;
    await writeFile(join(root, 'bin', 'npm'), `#!/bin/sh\n${lay}\n`);
    for (const both of [start(root, ['start']), start(root, ['start'])])
      assert.equal(await both.ended, 0, both.output());
    const again = start(root, ['start']);
    assert.equal(await again.ended, 0);
    assert.doesNotMatch(again.output(), /installing/);
    const calls = (await readFile(join(root, 'calls'), 'utf8')).trim().split('\n');
    assert.equal(calls.length, 1);
    assert.match(calls[0]!, /^npm ci .*--loglevel=error/);
  });

  it('installs again when the lock has changed', async () => {
    root = await makeCheckout(`console.log('ran');`, `echo "$@" >> "$(dirname "$0")/../calls"`);
    await install(root);
    assert.equal(await start(root, ['start']).ended, 0);
    const packages = { '': {}, 'node_modules/left-pad': { version: '1.3.0' } };
    await writeFile(join(root, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
    assert.equal(await start(root, ['start']).ended, 0);
    assert.match(await readFile(join(root, 'calls'), 'utf8'), /^ci /);
  });

  it('says what to do when npm cannot install', async () => {
    root = await makeCheckout(`console.log('ran');`, 'echo "npm error code ENOTFOUND" >&2; exit 1');
    const { ended, output } = start(root, ['start']);
    assert.equal(await ended, 1);
    assert.match(output(), /npm error code ENOTFOUND[^]*could not be installed: npm ended with code 1[^]*npm ci/);
    assert.doesNotMatch(output(), /ran/);
  });

  it('names its commands when it is asked for another', async () => {
    root = await makeCheckout('');
    const { ended, output } = start(root, ['begin']);
    assert.equal(await ended, 1);
    assert.match(output(), /Usage: .*<start \| test \| demo/);
  });
});
