import { rm, statfs } from 'node:fs/promises';
import type pg from 'pg';
import { note, progress, SetupError } from '../../progress.ts';
import { readLiving, removeRecord, stopProcess } from '../../processes.ts';
import { postgresBinaries, serverUser } from '../binaries.ts';
import { settlePidFile, stoppingPostgres, type Place } from '../cluster.ts';
import { homeOf } from '../home.ts';
import { majorOfBinaries, majorOfData } from '../majorVersion.ts';
import { lendFormer, lendNext, type LentServer } from './bothServers.ts';
import { dumpModule, formerBinaries } from './formerServers.ts';
import { moveDatabase } from './moveDatabase.ts';
import { majorOf, moveRoles, rolesSaid } from './roles.ts';
import { withClients } from './rows.ts';
import { isThere, placesOf, settleSwitch } from './switchClusters.ts';
import { readState, writeState, type UpgradeState } from './upgradeState.ts';

export interface UpgradeOptions {
  dataDir: string;
  runDir: string;
  /** The name of the embedded server's record in {@link runDir}. */
  record: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

export interface Upgraded {
  from: string;
  to: string;
  databases: number;
  rows: number;
  /** Where the old cluster lies. */
  kept: string;
}

/** What a new cluster takes before anything is in it, and its log on top of what is copied. */
const emptyBytes = 320 * 1024 * 1024;
const growth = 1.1;

/**
 * Moves the embedded server's data to the major that comes along. The caller has claimed the folder. It may be killed at any moment and called again:
 * until everything is copied and compared the old cluster counts and is only read, and then the new one does.
 *
 * @returns null when the data is of that major already
 * @throws SetupError with what a person can do; the old data is as it was
 */
export async function upgradeCluster({
  dataDir,
  runDir,
  record,
  env,
  signal,
}: UpgradeOptions): Promise<Upgraded | null> {
  const user = await serverUser();
  const bin = await postgresBinaries(user);
  const home = await homeOf(dataDir, user);
  const before = await settleSwitch(home, user);
  const data = placesOf(home, '').data;
  const [from, to] = [await majorOfData(data), await majorOfBinaries(bin, user)];
  if (!/^\d+$/.test(from)) throw new SetupError(`${data} is no data folder of PostgreSQL: there is nothing to move.`);
  if (from === to) return before?.phase === 'kept' && before.to === to ? told(before, home) : null;
  if (Number(from) > Number(to))
    throw new SetupError(`The data is of PostgreSQL ${from}, which is newer than the ${to} that comes along.`);
  const { next, kept } = placesOf(home, from);
  const older = before?.phase === 'kept' ? placesOf(home, before.from).kept : kept;
  if (await isThere(older))
    throw new SetupError(
      `${older} is still kept from an upgrade before. Let it go first: npm run tenantry -- postgres forget`,
    );
  const living = await readLiving(runDir, record);
  if (living) await stopProcess(living, stoppingPostgres);
  await removeRecord(runDir, record);
  await settlePidFile(next);
  const [formerBin, dump] = [await formerBinaries(from, user, env), await dumpModule(env)];
  const place = (major: string): Place =>
    major === from ? { bin: formerBin, home, data, user } : { bin, home, data: next, user };

  const source = await progress(`PostgreSQL ${from}, to be read`, () => lendFormer(place(from)));
  let target: LentServer | null = null;
  try {
    const found = await lookAt(source);
    let state = await settleState(home, { from, to, source: found.source });
    const left = found.databases.filter(({ name }) => !state.databases.includes(name));
    await refuseWithoutSpace(
      home,
      left.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (state.databases.length === 0) await rm(next, { recursive: true, force: true });
    else note(`going on after ${state.databases.length} of ${found.databases.length} databases`);
    await writeState(home, state, user);
    target = await progress(`PostgreSQL ${to}, to be filled`, () => lendNext(place(to), data));
    const lent = target;
    await progress('moving roles', () => moveEveryRole(source, lent));
    for (const { name } of left) {
      signal.throwIfAborted();
      const rows = await moveDatabase(name, { source, target, dump, signal });
      state = { ...state, databases: [...state.databases, name], rows: state.rows + rows };
      await writeState(home, state, user);
    }
    await compareRoles(source, target);
    await target.stop();
    await source.stop();
    signal.throwIfAborted();
    await writeState(home, { ...state, phase: 'switching' }, user);
    return told((await settleSwitch(home, user))!, home);
  } catch (error) {
    throw explained(error);
  } finally {
    await Promise.allSettled([target?.stop(), source.stop()]);
  }
}

/** What a server refuses, or a disk: the same command goes on once that is mended. */
function explained(error: unknown): unknown {
  const { code = '', message } = error as { code?: string; message: string };
  const isOfServer = /^[0-9A-Z]{5}$/.test(code) || code === 'ENOSPC' || code === 'ECONNRESET';
  if (!isOfServer) return error;
  return new SetupError(
    [
      `The data could not be moved: ${message} (${code})`,
      'The old data still counts, and is as it was. Mend this, and call the same command again: it goes on.',
    ].join('\n'),
    { cause: error },
  );
}

const told = ({ from, to, databases, rows }: UpgradeState, home: string): Upgraded => ({
  ...{ from, to, databases: databases.length, rows },
  kept: placesOf(home, from).kept,
});

/** What was copied counts only as long as nobody wrote to the old cluster since. */
async function settleState(home: string, now: Pick<UpgradeState, 'from' | 'to' | 'source'>): Promise<UpgradeState> {
  const state = await readState(home);
  const fresh: UpgradeState = { ...now, phase: 'copying', databases: [], rows: 0 };
  if (state?.phase !== 'copying' || state.from !== now.from || state.to !== now.to) return fresh;
  if (!(await isThere(placesOf(home, now.from).next))) return fresh;
  if (state.source.system === now.source.system && state.source.nextTransaction === now.source.nextTransaction)
    return state;
  note('the old data was written to since the upgrade was broken off: it begins anew');
  return fresh;
}

interface Found {
  source: UpgradeState['source'];
  databases: { name: string; bytes: number }[];
}

/** What there is to move, and what there is that cannot be. */
async function lookAt(server: LentServer): Promise<Found> {
  const config = server.to('template1');
  return withClients({ source: config, target: config }, async (client) => {
    const { rows: hindrances } = await client.query<{ what: string }>(`
      select format('the tablespace %I, whose files lie outside of the data folder', spcname) as what from pg_tablespace where oid >= 16384
      union all select format('the prepared transaction %L: commit it or roll it back', gid) from pg_prepared_xacts
      union all select format('the database %I, which lets nobody in (ALLOW_CONNECTIONS false)', datname)
        from pg_database where not datallowconn and datname <> 'template0'
      union all select format('the subscription %I', subname) from pg_subscription`);
    if (hindrances.length > 0)
      throw new SetupError(
        ['Nothing was changed. This cannot be moved:', ...hindrances.map(({ what }) => `- ${what}`)].join('\n'),
      );
    const { rows: slots } = await client.query<{ name: string }>(
      'select slot_name as name from pg_replication_slots order by 1',
    );
    if (slots.length > 0)
      note(`replication slots do not move: ${slots.map(({ name }) => name).join(', ')}; standbys are to be made anew`);
    const { rows } = await client.query<{ system: string; next: string }>(
      `select system_identifier::text as system, pg_snapshot_xmax(pg_current_snapshot())::text as next from pg_control_system()`,
    );
    const { rows: databases } = await client.query<{ name: string; bytes: string }>(
      `select datname as name, pg_database_size(oid)::text as bytes from pg_database where datname <> 'template0' order by datname`,
    );
    return {
      source: { system: rows[0]!.system, nextTransaction: rows[0]!.next },
      databases: databases.map(({ name, bytes }) => ({ name, bytes: Number(bytes) })),
    };
  });
}

/** @param bytes what the databases take that are still to be moved */
export async function refuseWithoutSpace(home: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(home);
  const [free, needed] = [bavail * bsize, Math.ceil(bytes * growth) + emptyBytes];
  if (free >= needed) return;
  const mebibytes = (count: number): string => `${Math.ceil(count / 1024 / 1024)} MiB`;
  throw new SetupError(
    `The old data stays beside the new until you let it go, so this needs ${mebibytes(needed)} free in ${home}, where ${mebibytes(free)} are. Nothing was changed.`,
  );
}

/** One of the two databases may be missing where an upgrade was broken off while it was made anew. */
async function moveEveryRole(source: LentServer, target: LentServer): Promise<void> {
  const moved = (into: string) => withClients({ source: source.to('template1'), target: target.to(into) }, moveRoles);
  await moved('postgres').catch((error: { code?: string }) => {
    if (error.code !== '3D000') throw error;
    return moved('template1');
  });
}

async function compareRoles(source: LentServer, target: LentServer): Promise<void> {
  const pair = { source: source.to('template1'), target: target.to('template1') };
  await withClients(pair, async (former: pg.Client, present: pg.Client) => {
    const major = await majorOf(former);
    const [before, after] = [await rolesSaid(former, major), new Set(await rolesSaid(present, major))];
    if (before.length === after.size && before.every((line) => after.has(line))) return;
    throw new SetupError('Roles, memberships or their settings are not in the new cluster what they are in the old.');
  });
}
