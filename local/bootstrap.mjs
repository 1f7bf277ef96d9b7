/**
 * What every npm script of this repository runs through. It is plain JavaScript without dependencies because it has to
 * work on a fresh clone, under any Node from 20 on: it installs what is missing, then hands over to the Node 24 that came
 * with the dependencies, which runs the TypeScript sources as they are.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const node = join(modules, '.bin', 'node');
const lockFile = join(root, 'package-lock.json');
const stampFile = join(modules, '.tenantry-installed');

const commands = {
  start: 'local/start.ts',
  test: 'test/run.ts',
  demo: 'local/demo.ts',
  bench: 'test/bench/run.ts',
  drill: 'test/drills/run.ts',
  api: 'api/main.ts',
  worker: 'workers/main.ts',
  migrate: 'local/migrate.ts',
  openapi: 'api/openapiDocument.ts',
  tenantry: 'cli/main.ts',
};

/** What is loaded before a command's own file: what it needs built, and tracing, which has to come before what it traces. */
const preludes = {
  start: ['observability/register.ts'],
  api: ['local/preludes/withPages.ts', 'observability/register.ts'],
  worker: ['local/preludes/withWorkflows.ts', 'observability/register.ts'],
};

const refuse = (text) => {
  console.error(`\n${text}\n`);
  process.exit(1);
};

const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** True when every package of the lock lies in node_modules in its version: also what a person's own `npm install` left. */
const everythingIsInstalled = () => {
  if (!existsSync(node)) return false;
  const hash = lockHash();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return true;
  try {
    const installed = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
    // What lies elsewhere is a workspace: it is part of the checkout.
    const missing = Object.entries(wanted).some(
      ([path, one]) =>
        path.startsWith('node_modules/') &&
        !one.link &&
        !one.optional &&
        one.version &&
        installed[path]?.version !== one.version,
    );
    if (!missing) writeFileSync(stampFile, hash);
    return !missing;
  } catch {
    return false;
  }
};

/** Two commands started at once in a fresh clone must not install into the same folder at once. */
const withInstallLock = async (work) => {
  const lock = join(root, 'build', 'install.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0);
      try {
        if (holder) process.kill(holder, 0);
        if (!told && holder) console.log(`· waiting for process ${holder}, which is installing the dependencies`);
        told = told || Boolean(holder);
        await new Promise((resolve) => setTimeout(resolve, 300));
      } catch (gone) {
        if (gone.code === 'ESRCH') rmSync(lock, { force: true });
        else await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
};

const install = () => {
  if (everythingIsInstalled()) return;
  console.log('· installing dependencies by npm ci; the first time takes a minute or two …');
  const began = Date.now();
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = spawnSync(npm[0], [...npm.slice(1), ...flags], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.signal) process.exit(128 + constants.signals[result.signal]);
  if (result.error || result.status !== 0 || !existsSync(node)) {
    const what = result.error ? `could not be run (${result.error.message})` : `ended with code ${result.status}`;
    refuse(
      [
        `The dependencies could not be installed: npm ${what}.`,
        'What npm said stands above. The usual reasons are a closed network (npm config get registry, proxy settings),',
        'a full disk, blocked install scripts (this package.json allows the four that are needed under "allowScripts"),',
        `or a folder that belongs to somebody else (${root}).`,
        'Once `npm ci` works here, so does this command.',
      ].join('\n'),
    );
  }
  writeFileSync(stampFile, lockHash());
  console.log(`· dependencies installed … ${((Date.now() - began) / 1000).toFixed(1)} s`);
};

/** The npm that runs this script, if one does: there is a shell between the two, which outlives it. */
const npmAbove = () => {
  let pid = process.env.npm_lifecycle_event ? process.ppid : 0;
  for (let level = 0; level < 3 && pid > 1; level++) {
    const seen = spawnSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
    const [parent = '0', ...words] = seen.split(/\s+/);
    if (words.join(' ').includes('npm')) return pid;
    pid = Number(parent);
  }
  return null;
};

const isThere = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
};

/**
 * An npm that was killed with -9 cannot pass anything on: its end is seen here, and asks the command to stop.
 * The child has a process group of its own, so that a Ctrl-C in the terminal (which goes to everybody in the foreground
 * group, and is passed on by npm as well) reaches it through this process only: once.
 */
const handOver = (file, args) => {
  const imports = ['local/preludes/lifeline.mjs', ...(preludes[command] ?? [])];
  const flags = imports.flatMap((path) => ['--import', pathToFileURL(join(root, path)).href]);
  const child = spawn(node, [...flags, file, ...args], {
    cwd: root,
    stdio: 'inherit',
    detached: true,
    // Files that a command names are meant from where it was called.
    env: { INIT_CWD: process.cwd(), ...process.env, TENANTRY_LAUNCHER_PID: String(process.pid) },
  });
  const passedOn = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - (passedOn.get(signal) ?? 0) < 300) return;
      passedOn.set(signal, now);
      child.kill(signal);
    });
  }
  const npm = npmAbove();
  const watch = setInterval(() => {
    if (!npm || isThere(npm)) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
  child.on('error', (error) => refuse(`Node 24 of the dependencies did not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    clearInterval(watch);
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
};

const [command = '', ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 20) {
  refuse(`Tenantry needs Node 20 or newer to start (this is ${process.version}); it then uses its own Node 24.`);
}
if (process.platform === 'win32') refuse('Tenantry runs on Linux and macOS. On Windows, start it inside WSL.');
if (!Object.hasOwn(commands, command)) {
  refuse(`Usage: node local/bootstrap.mjs <${Object.keys(commands).join(' | ')}> [arguments]`);
}
const file = join(root, commands[command]);
if (!existsSync(file)) refuse(`The command "${command}" is not in this checkout: ${commands[command]} is missing.`);
if (!everythingIsInstalled()) await withInstallLock(install);
handOver(file, args);
