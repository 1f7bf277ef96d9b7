import { checkPlatformBackup } from './backupCheck.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { openErasureLedger, verifyErasureLedger } from '#domain/erasure/erasureLedger.ts';
import type { Configuration } from '#domain/configuration.ts';
import type { Sql } from '#domain/database.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import { countBehind } from '#domain/fleet/versions.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { registryTime, rows } from '#domain/sql.ts';
import { migrations } from '#migrations/setUp.ts';
import { fine, look, worthALook, wrong, type Diagnosis } from './check.ts';

const mostSkewMs = 2_000;
const overdueSeconds = 60;
const overdueAnchorSeconds = 600;

/** Everything that the registry tells about how things go. */
export const checkRegistry = async (em: () => Sql, configuration: Configuration): Promise<Diagnosis[]> =>
  (
    await Promise.all([
      look('PostgreSQL', () => checkVersion(em())),
      look('migrations', () => checkMigrations(em())),
      look('clock', () => checkClock(em())),
      look('master key', () => checkMasterKey(em(), configuration)),
      look('runs', () => checkRuns(em())),
      look('tasks', () => checkTasks(em())),
      look('tenant migrations', () => checkFleet(em())),
      look('messages', () => checkMessages(em())),
      look('sealing of the audit', () => checkSealing(em())),
      look('anchors of the audit', () => checkAnchors(em(), configuration)),
      look('verification of the audit', () => checkVerification(em())),
      look('erasure ledger', () => checkErasures(em(), configuration)),
      look('backup of the control plane', () => checkPlatformBackup(em(), configuration)),
    ])
  ).flat();

async function checkVersion(em: Sql): Promise<Diagnosis> {
  const [server] = await rows<{ number: number; text: string }>(em)`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as text`;
  const is = server?.text ?? '';
  return (server?.number ?? 0) >= 150_000
    ? fine('PostgreSQL', is)
    : wrong('PostgreSQL', `${is} is too old`, 'Tenantry needs PostgreSQL 15 or newer.');
}

async function checkMigrations(em: Sql): Promise<Diagnosis> {
  const done = new Set((await rows<{ name: string }>(em)`select name from schema_migrations`).map(({ name }) => name));
  const pending = migrations.filter(({ name }) => !done.has(name)).map(({ name }) => name);
  const unknown = [...done].filter((name) => !migrations.some((migration) => migration.name === name));
  if (pending.length > 0) return wrong('migrations', `pending: ${pending.join(', ')}`, 'Run `npm run migrate`.');
  return unknown.length > 0
    ? wrong('migrations', 'the registry is of a newer version than this checkout', 'Use the newer version here too.')
    : fine('migrations', `all ${done.size} were run`);
}

async function checkClock(em: Sql): Promise<Diagnosis> {
  const [before, registry, after] = [Date.now(), Date.parse(await registryTime(em)), Date.now()];
  const skew = registry - (before + after) / 2;
  const text = `differs from PostgreSQL's by ${Math.abs(Math.round(skew))} ms`;
  return Math.abs(skew) > mostSkewMs + (after - before)
    ? wrong('clock', text, 'Let both hosts take the time from the network (NTP): codes and expiries depend on it.')
    : fine('clock', text);
}

async function checkMasterKey(em: Sql, { masterKey }: Configuration): Promise<Diagnosis> {
  const [installation] = await rows<{ master_key_id: string; next_master_key_id: string | null }>(em)`
    select master_key_id, next_master_key_id from installations`;
  if (!installation) return worthALook('master key', 'the registry has no installation yet', 'Start Tenantry once.');
  const given = masterKeyIdOf(masterKey);
  const { next_master_key_id: next } = installation;
  if (next && (given === next || given === installation.master_key_id))
    return worthALook(
      'master key',
      `is being changed to ${next}; here is the ${given === next ? 'new' : 'old'} one`,
      'When every api and worker was restarted with the new one: `tenantry master-key settle`.',
    );
  return given === installation.master_key_id
    ? fine('master key', 'is the one of this registry')
    : wrong(
        'master key',
        `that of this registry is ${installation.master_key_id}, the key given is ${given}`,
        'Point TENANTRY_MASTER_KEY_FILE at the key that was saved at the first start.',
      );
}

async function checkRuns(em: Sql): Promise<Diagnosis> {
  const [runs] = await rows<{ forgotten: number; held: number }>(em)`
    select count(*) filter (where workflow_started_at is null and created_at < now() - interval '1 minute')::int as forgotten,
           count(*) filter (where held_by is not null)::int as held
    from runs where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  const { forgotten = 0, held = 0 } = runs ?? {};
  if (forgotten > 0)
    return wrong('runs', `${forgotten} were not begun for a minute`, 'Is a worker running, and does Temporal answer?');
  return held > 0
    ? worthALook('runs', `${held} stand still`, 'See Runs: they wait for a person, or for a provider.')
    : fine('runs', 'none is stuck');
}

async function checkFleet(em: Sql): Promise<Diagnosis> {
  const { migrations, problem, readAt } = await readCatalogue(em);
  const what = 'tenant migrations';
  if (problem) return wrong(what, problem, "Bring the workers' folder of tenant migrations into order.");
  if (readAt === null) return worthALook(what, 'no worker has told of its folder yet', 'Is a worker running?');
  const { behind, quarantined } = await countBehind(em, migrations.length);
  const text = `${behind} tenants are behind version ${migrations.length}${quarantined > 0 ? `, ${quarantined} of them in quarantine` : ''}`;
  return behind > 0
    ? worthALook(what, text, 'See Fleet.')
    : fine(what, `all tenants are at version ${migrations.length}`);
}

async function checkTasks(em: Sql): Promise<Diagnosis> {
  const [tasks] = await rows<{ open: number }>(em)`select count(*)::int as open from tasks where state = 'open'`;
  return tasks?.open
    ? worthALook('tasks', `${tasks.open} wait for a person`, 'See Tasks.')
    : fine('tasks', 'none is open');
}

async function checkMessages(em: Sql): Promise<Diagnosis> {
  const [messages] = await rows<{ late: number; dead: number }>(em)`
    select count(*) filter (where state = 'waiting' and created_at < now() - interval '10 minutes')::int as late,
           count(*) filter (where state = 'dead' and created_at > now() - interval '7 days')::int as dead
    from (select state, created_at from notifications union all select state, created_at from mails) as messages`;
  const { late = 0, dead = 0 } = messages ?? {};
  if (late > 0)
    return wrong('messages', `${late} have waited longer than ten minutes`, 'Check SMTP_URL and the worker.');
  return dead > 0
    ? worthALook('messages', `${dead} could not be delivered this week`, 'See Settings, Notifications.')
    : fine('messages', 'none is stuck');
}

async function checkSealing(em: Sql): Promise<Diagnosis> {
  const [audit] = await rows<{ waiting: string | null; anchoring: string | null }>(em)`
    select (select extract(epoch from now() - created_at) from events where sequence is null order by id limit 1) as waiting,
           (select extract(epoch from now() - min(sealed_at)) from audit_heads where anchored_at is null) as anchoring`;
  const [waiting, anchoring] = [Number(audit?.waiting ?? 0), Number(audit?.anchoring ?? 0)];
  const what = 'sealing of the audit';
  if (waiting > overdueSeconds)
    return wrong(what, `the oldest event has waited ${Math.round(waiting)} s`, 'Is a worker running?');
  return anchoring > overdueAnchorSeconds
    ? wrong(
        what,
        `the oldest head has waited ${Math.round(anchoring)} s for its anchor`,
        'Can the worker write to TENANTRY_AUDIT_ANCHOR?',
      )
    : fine(what, 'is up to date');
}

async function checkAnchors(em: Sql, { audit }: Configuration): Promise<Diagnosis> {
  const newest = (await openAnchors(audit.anchor).newest())?.anchor;
  const what = 'anchors of the audit';
  if (!newest) return worthALook(what, 'there are none here', 'Fine where a worker on another host writes them.');
  const [unknown] = await rows<{ count: number }>(em)`
    select count(*)::int as count
    from jsonb_to_recordset(${JSON.stringify(newest.heads)}::jsonb) as a (chain text, sequence bigint, hash text)
    where not exists (select 1 from audit_heads h where h.chain = a.chain and h.sequence = a.sequence and encode(h.hash, 'hex') = a.hash)
      and not exists (select 1 from audit_trims t where t.chain = a.chain and t.sequence >= a.sequence)`;
  return unknown?.count
    ? wrong(
        what,
        `the registry does not know what was anchored at ${newest.at}: it is an old copy, or was tampered with`,
        'Have it verified: Audit, Verify now.',
      )
    : fine(what, `fit (the newest is of ${newest.at})`);
}

async function checkErasures(em: Sql, configuration: Configuration): Promise<Diagnosis> {
  const [own] = await rows<{ id: string; erasures: number }>(em)`
    select id, (select count(*)::int from erasures where certified_at is not null) as erasures from installations`;
  const what = 'erasure ledger';
  if (!own) return worthALook(what, 'the registry has no installation yet', 'Start Tenantry once.');
  const findings = await verifyErasureLedger(em, own, openErasureLedger(configuration));
  return findings.length > 0
    ? wrong(what, findings.slice(0, 3).join('; '), 'Bring TENANTRY_ERASURE_LEDGER back from its own copy.')
    : fine(what, `has a line for each of ${own.erasures} certificates`);
}

async function checkVerification(em: Sql): Promise<Diagnosis> {
  const [latest] = await rows<{ outcome: string; finished_at: string }>(em)`
    select outcome, finished_at from audit_verifications where finished_at is not null order by finished_at desc limit 1`;
  const what = 'verification of the audit';
  if (!latest) return worthALook(what, 'there was none yet', 'A running worker does it once a day.');
  const when = new Date(latest.finished_at).toISOString();
  return latest.outcome === 'intact'
    ? fine(what, `found nothing at ${when}`)
    : wrong(what, `ended ${latest.outcome} at ${when}`, 'See Audit.');
}
