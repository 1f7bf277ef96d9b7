import { chown, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { copyCluster } from '../physical/lowlevel/copyCluster.ts';
import { roomFor } from './room.ts';
import { askHook } from './hooks.ts';
import { identify } from './identity.ts';
import { ownerOf, pidOf, placeOf, startLocal, stopLocal, writeOwned, type LocalPlace } from './localServer.ts';
import { addressOf, onServer, urlOf, type DatabaseServer } from './servers.ts';

/** A standby that is away holds back so much of the log, and not the primary's whole disk. */
export const keepsForStandbysMb = 2_048;

/** By which a primary knows its standby; only lower-case letters, digits and underscores are allowed. */
export const slotOf = (standby: string): string => `tenantry_${standby.replaceAll('-', '_')}`;

/** What is ours in a standby's settings; whatever else the primary had in them stays. */
const ourSettings = /^\s*(?:primary_conninfo|primary_slot_name|port|listen_addresses|cluster_name|synchronous_standby_names|recovery_target_timeline|hot_standby|wal_retrieve_retry_interval)\b/; // prettier-ignore

export interface Rebuilt {
  files: number;
  bytes: number;
  /** False when it follows already, and nothing was done. */
  rebuiltNow: boolean;
}

/**
 * Makes `standby` follow `primary`, from nothing or over whatever it was: an old primary too, as a new copy. Idempotent: one that follows is
 * left alone. Refuses with `primary_not_fenced` to overwrite a server that takes writes on the primary's timeline or a newer one.
 */
export async function makeStandby(
  primary: DatabaseServer,
  standby: DatabaseServer,
  { signal, heartbeat, effectKey }: { signal: AbortSignal; heartbeat(progress: string): void; effectKey: string },
): Promise<Rebuilt> {
  if (await follows(primary, standby)) return { files: 0, bytes: 0, rebuiltNow: false };
  const [from, to] = [await placeOf(primary), standby.folder ? await homeFor(primary, standby) : null];
  await ensureSlot(primary, standby.name);
  if (!from || !to) {
    if (!standby.rebuild)
      throw new DomainError(
        'standby_broken',
        `"${standby.name}" is not on this machine together with "${primary.name}", and no rebuild hook is described for it.`,
      );
    await askHook(standby.rebuild, { act: 'rebuild', server: standby.name, other: primary.name, effectKey }, signal);
    await untilFollowing(primary, standby, signal, heartbeat);
    return { files: 0, bytes: 0, rebuiltNow: true };
  }
  await refuseNewer(primary, standby, to);
  await stopLocal(to, 'immediate');
  const passing: LocalPlace = { ...to, data: `${to.data}.copy` };
  await rm(passing.data, { recursive: true, force: true }); // of an attempt that was broken off
  await roomFor(from.data, to.home);
  const copied = await copyCluster({ adminUrl: await urlOf(primary), dataDir: from.data }, passing.data, {
    signal,
    onProgress: ({ files, bytes }) => heartbeat(`${files} files, ${(bytes / 1e6).toFixed(0)} MB`),
  }).catch(async (error: unknown) => {
    await rm(passing.data, { recursive: true, force: true });
    throw error;
  });
  await rm(join(passing.data, 'tenantry.fenced'), { force: true });
  await writeStandbySettings(primary, standby, passing);
  await rm(`${to.data}.old`, { recursive: true, force: true });
  await rename(to.data, `${to.data}.old`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(passing.data, to.data);
  await startLocal(to);
  await untilFollowing(primary, standby, signal, heartbeat);
  // What it was is kept until the new one is known to follow.
  await rm(`${to.data}.old`, { recursive: true, force: true });
  return { files: copied.files, bytes: copied.bytes, rebuiltNow: true };
}

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
  if ((await pidOf(place)) === null) return;
  const [ours, theirs] = [await identify(primary), await identify(standby).catch(() => null)];
  if (theirs && !theirs.inRecovery && theirs.timeline >= ours.timeline)
    throw new DomainError(
      'primary_not_fenced',
      `"${standby.name}" takes writes on timeline ${theirs.timeline}; "${primary.name}" is on ${ours.timeline}. It is not overwritten.`,
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
async function ensureSlot(primary: DatabaseServer, standby: string): Promise<void> {
  await onServer(primary, async (client) => {
    const name = slotOf(standby);
    const { rows } = await client.query<{ wal_status: string | null; active_pid: number | null }>(
      'select wal_status, active_pid from pg_replication_slots where slot_name = $1',
      [name],
    );
    // Reserved again from here: an old place would hold log that the new copy has no use for.
    if (rows[0]?.active_pid) await client.query('select pg_terminate_backend($1, 5000)', [rows[0].active_pid]);
    if (rows[0]) await client.query('select pg_drop_replication_slot($1)', [name]);
    await client.query('select pg_create_physical_replication_slot($1, true)', [name]);
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
    for (const folder of [place.data, `${place.data}.copy`, `${place.data}.old`])
      await rm(folder, { recursive: true, force: true });
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
