import { DomainError } from '#contracts/errors.ts';
import type { DatabaseServerView } from '#contracts/recovery/replication.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';

/** What was seen of a server at one moment. */
export interface SeenServer {
  name: string;
  host: string;
  port: number;
  /** Null where it did not answer: what is known of it stays. */
  identity: { systemIdentifier: string; timeline: number; inRecovery: boolean; flushed: string } | null;
  follows: string | null;
  synchronous: boolean;
  primaryLsn: string | null;
  lagBytes: number | null;
  lagSeconds: number | null;
  state: DatabaseServerView['state'];
  reason: string | null;
}

/**
 * Writes down what was seen. A server that says it is a primary becomes one here only where there is none of its cluster, or by
 * {@link repointStores}: an old primary that comes back is called fenced, and nothing of ours connects to it.
 */
export async function noteServer(em: Sql, seen: SeenServer): Promise<void> {
  const { identity } = seen;
  await em.transactional(async (tx) => {
    await lockServers(tx);
    const [known] = await rows<{ state: string; role: string; reason: string | null }>(tx)`
      select state, role, reason from database_servers where name = ${seen.name}`;
    const [primary] = identity
      ? await rows<{ name: string; timeline: number }>(tx)`
          select name, timeline from database_servers where system_identifier = ${identity.systemIdentifier} and role = 'primary'`
      : [];
    const role =
      identity === null
        ? (known?.role ?? 'unknown')
        : identity.inRecovery
          ? known?.role === 'primary' ? 'primary' : 'standby'
          : !primary || primary.name === seen.name ? 'primary' : 'fenced'; // prettier-ignore
    const follows = role === 'standby' ? seen.follows : null;
    if (follows !== null)
      await rows(
        tx,
      )`insert into database_servers (name, host, port) values (${follows}, '', 0) on conflict (name) do nothing`;
    await rows(tx)`
      insert into database_servers as server (name, host, port, role, state, reason, system_identifier, timeline, follows, synchronous,
        primary_lsn, flushed_lsn, lag_bytes, lag_seconds, sampled_at)
      values (${seen.name}, ${seen.host}, ${seen.port}, ${role}, ${seen.state}, ${seen.reason}, ${identity?.systemIdentifier ?? null},
        ${identity?.timeline ?? null}, ${follows}, ${seen.synchronous}, ${seen.primaryLsn}, ${identity?.flushed ?? null},
        ${seen.lagBytes}, ${seen.lagSeconds}, clock_timestamp())
      on conflict (name) do update set host = excluded.host, port = excluded.port, role = excluded.role, state = excluded.state,
        reason = excluded.reason, system_identifier = coalesce(excluded.system_identifier, server.system_identifier),
        timeline = greatest(excluded.timeline, server.timeline), follows = coalesce(excluded.follows, case when excluded.role = 'standby' then server.follows end),
        synchronous = excluded.synchronous, primary_lsn = coalesce(excluded.primary_lsn, server.primary_lsn),
        flushed_lsn = coalesce(excluded.flushed_lsn, server.flushed_lsn), lag_bytes = excluded.lag_bytes, lag_seconds = excluded.lag_seconds,
        sampled_at = excluded.sampled_at, version = server.version + 1`;
    if (identity && role === 'primary') await settleStores(tx, seen);
    if (known?.state !== seen.state || known.reason !== seen.reason) await tell(tx, seen, known?.state ?? null);
  });
}

/** Stores that no server was known of yet, and are at this address or were from the first on. */
const settleStores = (em: Sql, { name, host, port }: SeenServer): Promise<unknown> =>
  rows(
    em,
  )`update data_stores set server = ${name} where server is null and (host is null or (host = ${host} and port = ${port}))`;

async function tell(em: Sql, { name, state, reason }: SeenServer, before: string | null): Promise<void> {
  if (before === null && state === 'ok') return;
  await appendEvent(
    em,
    { stream: `server:${name}`, type: `server.${state}`, tenantId: null, data: { before, reason } },
    theSystem,
  );
  if (state === 'ok') await closeTasks(em, { subjectId: `server:${name}`, kinds: ['replication'] }, theSystem);
  else
    await openTask(em, {
      kind: 'replication',
      runId: null,
      tenantId: null,
      subjectId: `server:${name}`,
      title: `Replication to "${name}" needs a look`,
      reason: { code: `server_${state}`, text: reason ?? 'It does not answer.' },
    });
}

const lockServers = (em: Sql): Promise<unknown> => rows(em)`select pg_advisory_xact_lock(hashtext('tenantry servers'))`;

/**
 * From now on data stores are at this server. Refuses with `server_fenced` when one of a newer timeline is known: somebody else moved them.
 * Idempotent.
 *
 * @returns how many stores are there
 */
export async function repointStores(
  em: Sql,
  {
    from,
    to,
  }: { from: string; to: { name: string; host: string; port: number; systemIdentifier: string; timeline: number } },
  actor: Actor,
): Promise<number> {
  return em.transactional(async (tx) => {
    await lockServers(tx);
    const [present] = await rows<{ name: string; timeline: number }>(tx)`
      select name, timeline from database_servers where system_identifier = ${to.systemIdentifier} and role = 'primary'`;
    if (present && present.name !== to.name && present.timeline >= to.timeline)
      throw new DomainError(
        'server_fenced',
        `"${present.name}" is the primary on timeline ${present.timeline}; "${to.name}" is on ${to.timeline} and is not taken instead.`,
      );
    await rows(tx)`
      update database_servers set role = 'fenced', follows = null, version = version + 1
      where role = 'primary' and system_identifier = ${to.systemIdentifier} and name <> ${to.name}`;
    await rows(tx)`
      insert into database_servers as server (name, host, port, role, state, system_identifier, timeline)
      values (${to.name}, ${to.host}, ${to.port}, 'primary', 'ok', ${to.systemIdentifier}, ${to.timeline})
      on conflict (name) do update set role = 'primary', host = excluded.host, port = excluded.port, state = 'ok', reason = null,
        follows = null, timeline = excluded.timeline, system_identifier = excluded.system_identifier, version = server.version + 1`;
    await rows(tx)`
      update data_stores set server = ${to.name}, host = ${to.host}, port = ${to.port} where server = ${from} or server = ${to.name}`;
    const [stores] = await rows<{ count: number }>(tx)`
      select count(*)::integer as count from data_stores where server = ${to.name}`;
    if (present?.name !== to.name)
      await appendEvent(
        tx,
        { stream: `server:${to.name}`, type: 'server.promoted', tenantId: null, data: { from, timeline: to.timeline, stores: stores?.count ?? 0 } }, // prettier-ignore
        actor,
      );
    return stores?.count ?? 0;
  });
}

/** Takes servers for one execution. Refuses with `failover_in_progress` when another one has them. */
export async function claimServers(em: Sql, names: string[], holder: string): Promise<void> {
  await em.transactional(async (tx) => {
    await lockServers(tx);
    for (const name of names)
      await rows(
        tx,
      )`insert into database_servers (name, host, port) values (${name}, '', 0) on conflict (name) do nothing`;
    const taken = await rows<{ name: string; claimed_by: string }>(tx)`
      select name, claimed_by from database_servers
      where name = any(${names}::text[]) and claimed_by is not null and claimed_by <> ${holder}`;
    if (taken[0])
      throw new DomainError(
        'failover_in_progress',
        `Another execution (${taken[0].claimed_by}) moves "${taken[0].name}".`,
      );
    await rows(tx)`
      update database_servers set claimed_by = ${holder}, claimed_at = now() where name = any(${names}::text[]) and claimed_by is null`;
  });
}

export const releaseServers = (em: Sql, names: string[], holder: string): Promise<unknown> =>
  rows(em)`
    update database_servers set claimed_by = null, claimed_at = null where name = any(${names}::text[]) and claimed_by = ${holder}`;

/** What was last known of a primary's log. */
export async function lastKnownLsn(em: Sql, name: string): Promise<string | null> {
  const [row] = await rows<{ lsn: string | null }>(em)`
    select max(lsn)::text as lsn from (
      select flushed_lsn::pg_lsn as lsn from database_servers where name = ${name}
      union all select primary_lsn::pg_lsn from database_servers where follows = ${name}) known`;
  return row?.lsn ?? null;
}

/** Where tenants' data is to be written, and the least timeline of what answers there; null where no server is known. */
export async function storesAt(
  em: Sql,
): Promise<{ host: string; port: number; systemIdentifier: string; timeline: number } | null> {
  const [row] = await rows<{ host: string; port: number; system_identifier: string; timeline: number }>(em)`
    select distinct s.host, s.port, s.system_identifier, s.timeline from data_stores d join database_servers s on s.name = d.server
    where s.role = 'primary' limit 1`;
  return row
    ? { host: row.host, port: row.port, systemIdentifier: row.system_identifier, timeline: row.timeline }
    : null;
}

/** By the identifier of their cluster, the names of those that may be written to. */
export async function primariesOf(em: Sql): Promise<Map<string, string>> {
  const found = await rows<{ system_identifier: string; name: string }>(em)`
    select system_identifier, name from database_servers where role = 'primary' and system_identifier is not null`;
  return new Map(found.map(({ system_identifier, name }) => [system_identifier, name]));
}

interface ServerRow {
  name: string;
  host: string;
  port: number;
  role: DatabaseServerView['role'];
  state: DatabaseServerView['state'];
  reason: string | null;
  system_identifier: string | null;
  timeline: number | null;
  follows: string | null;
  synchronous: boolean;
  data_stores: number;
  primary_lsn: string | null;
  flushed_lsn: string | null;
  lag_bytes: string | null;
  lag_seconds: number | null;
  sampled_at: Date | string | null;
  claimed_by: string | null;
}

export async function listServers(em: Sql): Promise<DatabaseServerView[]> {
  const found = await rows<ServerRow>(em)`
    select s.*, (select count(*)::integer from data_stores d where d.server = s.name or d.server = s.follows) as data_stores
    from database_servers s where s.host <> '' order by s.role, s.name`;
  return found.map((row) => ({
    ...{ name: row.name, host: row.host, port: row.port, role: row.role, state: row.state, reason: row.reason },
    ...{
      systemIdentifier: row.system_identifier,
      timeline: row.timeline,
      follows: row.follows,
      synchronous: row.synchronous,
    },
    ...{
      dataStores: row.data_stores,
      primaryLsn: row.primary_lsn,
      flushedLsn: row.flushed_lsn,
      lagSeconds: row.lag_seconds,
    },
    lagBytes: row.lag_bytes === null ? null : Number(row.lag_bytes),
    sampledAt: row.sampled_at === null ? null : isoOf(row.sampled_at),
    claimedBy: row.claimed_by,
  }));
}
