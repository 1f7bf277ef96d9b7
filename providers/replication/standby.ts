import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { copyCluster, syncFolder } from '../physical/lowlevel/copyCluster.ts';
import { newestTimelineIn } from './controlFile.ts';
import { roomFor } from './room.ts';
import { askHook } from './hooks.ts';
import { identify, identityOn } from './identity.ts';
import { rightBefore, stopWanted, type StillWanted } from './late.ts';
import { ownerOf, pidOf, placeOf, startLocal, stopLocal, writeOwned, type LocalPlace } from './localServer.ts';
import { addressOf, onServer, urlOf, type DatabaseServer } from './servers.ts';

/** A standby that is away holds back so much of the log, and not the primary's whole disk. */
export const keepsForStandbysMb = 2_048;

/** By which a primary knows its standby; only lower-case letters, digits and underscores are allowed. */
export const slotOf = (standby: string): string => `tenantry_${standby.replaceAll('-', '_')}`;

/** What is ours in a standby's settings; whatever else the primary had in them stays. */
const ourSettings = /^\s*(?:primary_conninfo|primary_slot_name|port|listen_addresses|cluster_name|synchronous_standby_names|recovery_target_timeline|hot_standby|wal_retrieve_retry_interval)\b/; // prettier-ignore

export interface MakeOptions {
  signal: AbortSignal;
  heartbeat(progress: string): void;
  effectKey: string;
  /** Throws where somebody else has gone on meanwhile: asked right before anything is stopped or overwritten. */
  stillWanted: StillWanted;
}

export interface Rebuilt {
  files: number;
  bytes: number;
  /** False when it follows already, and nothing was done. */
  rebuiltNow: boolean;
}

/**
 * Makes `standby` follow `primary`, from nothing or over whatever it was: an old primary too, as a new copy. Idempotent: one that follows is
 * left alone. Refuses with `primary_not_fenced` to overwrite a server that takes writes on the primary's timeline or a newer one, and one that stands
 * still and was on a newer one: what was written there is nowhere else.
 */
export async function makeStandby(
  primary: DatabaseServer,
  standby: DatabaseServer,
  { signal, heartbeat, effectKey, stillWanted }: MakeOptions,
): Promise<Rebuilt> {
  if (await follows(primary, standby)) {
    const place = await placeOf(standby);
    if (place) await tidy(place, stillWanted);
    return { files: 0, bytes: 0, rebuiltNow: false };
  }
  const [from, to] = [await placeOf(primary), standby.folder ? await homeFor(primary, standby) : null];
  if (from && to) await refuseNewer(primary, standby, to);
  await ensureSlot(primary, standby.name, stillWanted);
  if (!from || !to) {
    const hook = standby.rebuild;
    if (!hook)
      throw new DomainError(
        'standby_broken',
        `"${standby.name}" is not on this machine together with "${primary.name}", and no rebuild hook is described for it.`,
      );
    const asked = { act: 'rebuild', server: standby.name, other: primary.name, effectKey } as const;
    await rightBefore(stillWanted, () => askHook(hook, asked, signal));
    await untilFollowing(primary, standby, signal, heartbeat);
    return { files: 0, bytes: 0, rebuiltNow: true };
  }
  await stopWanted(to, 'immediate', stillWanted);
  await tidy(to, stillWanted);
  await roomFor(from.data, to.home);
  // Of this attempt alone: another one that goes on late must not put a copy into place that is not whole.
  const passing: LocalPlace = { ...to, data: `${to.data}.copy-${randomUUID().slice(0, 8)}` };
  const old = `${to.data}.old`;
  let copied;
  try {
    copied = await copyCluster({ adminUrl: await urlOf(primary), dataDir: from.data }, passing.data, {
      signal,
      onProgress: ({ files, bytes }) => heartbeat(`${files} files, ${(bytes / 1e6).toFixed(0)} MB`),
    });
    await rm(join(passing.data, 'tenantry.fenced'), { force: true });
    await writeStandbySettings(primary, standby, passing);
    // Somebody may have started it meanwhile.
    await stopWanted(to, 'immediate', stillWanted);
    await rightBefore(stillWanted, () => {
      if (existsSync(to.data)) renameSync(to.data, old);
      renameSync(passing.data, to.data);
    });
    await syncFolder(to.home);
  } finally {
    await rm(passing.data, { recursive: true, force: true });
  }
  await rightBefore(stillWanted, () => startLocal(to));
  await untilFollowing(primary, standby, signal, heartbeat);
  // What it was is kept until the new one is known to follow.
  await tidy(to, stillWanted);
  return { files: copied.files, bytes: copied.bytes, rebuiltNow: true };
}

/** What attempts that were broken off left beside the folder of a server; what it was, only where it is something else by now. */
async function tidy({ home, data }: LocalPlace, stillWanted: StillWanted): Promise<void> {
  const isThere = existsSync(data);
  for (const left of await leftBeside(home))
    if (isThere || left !== 'data.old')
      await rightBefore(stillWanted, () => rm(join(home, left), { recursive: true, force: true }));
}

const leftBeside = async (home: string): Promise<string[]> =>
  (await readdir(home).catch(() => [])).filter((name) => /^data\.(?:old|copy)/.test(name));

/** The folder of a standby, made when it is not there, and owned by whoever runs the primary. */
async function homeFor(primary: DatabaseServer, standby: DatabaseServer): Promise<LocalPlace> {
  const home = standby.folder!.home;
  const isThere = await stat(home).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await mkdir(home, { recursive: true, mode: 0o700 });
    const owner = primary.folder ? await ownerOf((await placeOf(primary))!.home) : {};
    if (owner.uid !== undefined && owner.gid !== undefined) {
      await chown(home, owner.uid, owner.gid);
    }
  }
  return (await placeOf(standby))!;
}

async function refuseNewer(primary: DatabaseServer, standby: DatabaseServer, place: LocalPlace): Promise<void> {
  const ours = await identify(primary);
  const theirs = (await pidOf(place)) === null ? null : await identify(standby).catch(() => null);
  if (theirs && !theirs.inRecovery && theirs.timeline >= ours.timeline)
    throw new DomainError(
      'primary_not_fenced',
      `"${standby.name}" takes writes on timeline ${theirs.timeline}; "${primary.name}" is on ${ours.timeline}. It is not overwritten.`,
    );
  const newest = await newestTimelineIn(place.data, ours.systemIdentifier);
  if (newest !== null && newest > ours.timeline)
    throw new DomainError(
      'primary_not_fenced',
      `"${standby.name}" was on timeline ${newest} when it ran last; "${primary.name}" is on ${ours.timeline}. It is not overwritten: move its folder away if what it holds is given up.`,
    );
}

/** Whether it streams from this primary now. */
export async function follows(primary: DatabaseServer, standby: DatabaseServer): Promise<boolean> {
  const streaming = await onServer(primary, async (client) => {
    const { rows } = await client.query<{ state: string }>(
      `select r.state from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`,
      [slotOf(standby.name)],
    );
    return rows[0]?.state === 'streaming';
  });
  if (!streaming) return false;
  return identify(standby).then(
    ({ inRecovery }) => inRecovery,
    () => false,
  );
}

async function untilFollowing(
  primary: DatabaseServer,
  standby: DatabaseServer,
  signal: AbortSignal,
  heartbeat: (progress: string) => void,
): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; await delay(100, undefined, { signal })) {
    heartbeat('waits until it follows');
    if (await follows(primary, standby).catch(() => false)) return;
  }
  throw new DomainError(
    'standby_broken',
    `"${standby.name}" was made, and does not follow "${primary.name}" within a minute.`,
  );
}

/** Before the copy is begun, so that the log since then is kept for it. One that lost its log is made again. */
async function ensureSlot(primary: DatabaseServer, standby: string, stillWanted: StillWanted): Promise<void> {
  await onServer(primary, async (client) => {
    const name = slotOf(standby);
    if ((await identityOn(client)).inRecovery)
      throw new DomainError('standby_broken', `"${primary.name}" is a standby itself: nobody can follow it.`);
    const { rows } = await client.query<{ wal_status: string | null; active_pid: number | null }>(
      'select wal_status, active_pid from pg_replication_slots where slot_name = $1',
      [name],
    );
    await rightBefore(stillWanted, async () => {
      // Reserved again from here: an old place would hold log that the new copy has no use for.
      if (rows[0]?.active_pid) await client.query('select pg_terminate_backend($1, 5000)', [rows[0].active_pid]);
      if (rows[0]) await client.query('select pg_drop_replication_slot($1)', [name]);
      await client.query('select pg_create_physical_replication_slot($1, true)', [name]);
    });
    const kept = await client.query<{ kept: string }>(
      `select setting as kept from pg_settings where name = 'max_slot_wal_keep_size'`,
    );
    if (kept.rows[0]?.kept === '-1') {
      await client.query(`alter system set max_slot_wal_keep_size = '${keepsForStandbysMb}MB'`);
      await client.query('select pg_reload_conf()');
    }
  });
}

async function writeStandbySettings(
  primary: DatabaseServer,
  standby: DatabaseServer,
  place: LocalPlace,
): Promise<void> {
  const upstream = new URL(await urlOf(primary));
  const own = addressOf(standby);
  const passFile = join(place.home, 'upstream.pgpass');
  const escaped = (text: string): string => text.replace(/[\\:]/g, '\\$&');
  const user = decodeURIComponent(upstream.username);
  // A password in primary_conninfo could be read by whoever may read settings.
  await writeOwned(place, passFile, `*:*:*:${escaped(user)}:${escaped(decodeURIComponent(upstream.password))}\n`);
  const conninfo = Object.entries({
    host: upstream.hostname,
    port: upstream.port || '5432',
    user,
    passfile: passFile,
    application_name: slotOf(standby.name),
    connect_timeout: '5',
  }).map(([key, value]) => `${key}='${value.replace(/[\\']/g, '\\$&')}'`).join(' '); // prettier-ignore
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const file = join(place.data, 'postgresql.auto.conf');
  const kept = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => !ourSettings.test(line));
  const lines = [
    ...kept.filter((line) => line.trim() !== ''),
    `primary_conninfo = ${quoted(conninfo)}`,
    `primary_slot_name = ${quoted(slotOf(standby.name))}`,
    `listen_addresses = ${quoted(own.host)}`,
    `port = ${own.port}`,
    `cluster_name = ${quoted(standby.name)}`,
    // Promoted, it must not wait for a standby that it was itself.
    `synchronous_standby_names = ''`,
    `recovery_target_timeline = 'latest'`,
    `hot_standby = on`,
    // After a primary that was away, and after a failover: not five seconds, which are its default.
    `wal_retrieve_retry_interval = '500ms'`,
  ];
  await writeOwned(place, file, `${lines.join('\n')}\n`);
  await writeOwned(place, join(place.data, 'standby.signal'), '');
}

/** Whether commits on `primary` wait until this standby has them safe. Without a name, they wait for nobody. */
export async function setSynchronous(primary: DatabaseServer, standby: string | null): Promise<void> {
  await onServer(primary, async (client) => {
    const names = standby === null ? '' : `FIRST 1 (${slotOf(standby)})`;
    await client.query(`alter system set synchronous_standby_names = '${names}'`);
    await client.query('select pg_reload_conf()');
  });
}

/** A standby that was made, and is not wanted any more: its server ends, its folder and its slot go. */
export async function dropStandby(primary: DatabaseServer, standby: DatabaseServer): Promise<void> {
  const place = await placeOf(standby);
  if (place && (await pidOf(place)) !== null && !(await identify(standby)).inRecovery)
    throw new DomainError(
      'primary_not_fenced',
      `"${standby.name}" takes writes: it is no standby that could be dropped.`,
    );
  if (place) {
    await stopLocal(place, 'immediate');
    for (const folder of ['data', ...(await leftBeside(place.home))])
      await rm(join(place.home, folder), { recursive: true, force: true });
  }
  await onServer(primary, async (client) => {
    await client.query(
      `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = $1 and active_pid is not null`,
      [slotOf(standby.name)],
    );
    await client.query(`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1`, [
      slotOf(standby.name),
    ]);
  });
}
