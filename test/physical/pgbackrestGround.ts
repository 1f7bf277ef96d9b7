import { execFile } from 'node:child_process';
import { access, chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverUser } from '#local/postgres/binaries.ts';
import type { PgbackrestOptions } from '#providers/physical/pgbackrest/pgbackrestBackup.ts';
import { debianBin, startDebianPostgres, type DebianPostgres } from './debianPostgres.ts';

const run = promisify(execFile);
const program = '/usr/bin/pgbackrest';
const stanza = 'main';

/** Debian's PostgreSQL 15 and pgBackRest, which looks after it: what a server of production is like. */
export interface PgbackrestGround {
  server: DebianPostgres;
  /** pgBackRest's repository, as files. */
  repository: string;
  /** Where its own files may lie: the server's user may make some here. */
  room: string;
  options: PgbackrestOptions;
  /** Calls pgBackRest beside Tenantry. Returns how long it took, in ms. */
  call(...args: string[]): Promise<number>;
}

/**
 * @param place may be entered by PostgreSQL's user
 * @param before a command that takes each segment too, before pgBackRest does
 */
export async function pgbackrestGround(place: string, before: string | null = null): Promise<PgbackrestGround> {
  await access(program).catch((cause: unknown) => {
    throw new Error('pgBackRest is needed: apt-get install postgresql-15 pgbackrest', { cause });
  });
  const user = await serverUser();
  const folder = async (name: string): Promise<string> => {
    const path = join(place, name);
    await mkdir(path, { mode: 0o700 });
    if (user.uid !== undefined) await chown(path, user.uid, user.gid!);
    return path;
  };
  const [room, repository, logs] = [await folder('room'), await folder('repository'), await folder('logs')];
  const configFile = join(place, 'pgbackrest.conf');
  const push = `${program} --config="${configFile}" --stanza=${stanza} archive-push "%p"`;
  const command = before === null ? push : `${before} && ${push}`;
  const server = await startDebianPostgres(place, {
    socketDir: room,
    settings: `archive_mode = on\nwal_level = replica\narchive_command = '${command.replaceAll("'", "''")}'\n`,
  });
  const shared = {
    'repo1-path': repository,
    'log-path': logs,
    'lock-path': logs,
    'spool-path': logs,
    'process-max': 2,
  };
  const global = { ...shared, 'compress-type': 'zst', 'log-level-console': 'error', 'log-level-file': 'off' };
  const own = { 'pg1-path': server.data, 'pg1-port': server.port, 'pg1-socket-path': room, 'pg1-user': 'postgres' };
  const lines = (section: string, of: object) =>
    `[${section}]\n${Object.entries(of)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')}`;
  await writeFile(configFile, lines('global', global) + lines(stanza, own), { mode: 0o644 });
  await chmod(configFile, 0o644);
  const call = async (...args: string[]): Promise<number> => {
    const startedAt = performance.now();
    const all = [`--config=${configFile}`, `--stanza=${stanza}`, ...args];
    await run(program, all, { ...user, cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
    return performance.now() - startedAt;
  };
  await call('stanza-create');
  const scratchDir = await folder('brought');
  const options = {
    ...{ adminUrl: server.url('postgres'), scratchDir, bin: debianBin, user },
    program,
    stanza,
    configFile,
  };
  return { server, repository, room, options, call };
}
