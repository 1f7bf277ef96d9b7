import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { LicenseCheckOut, LicenseUse, UseKind } from '#contracts/licenses/uses.ts';
import { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';
import { indexOf } from '../humanKeys.ts';
import { standingOf, type LicenseRow } from '../licenseRow.ts';

/** Somebody who is silent for so many heartbeats is dead. */
const missedHeartbeats = 2;

interface Locked extends LicenseRow {
  tenant_state: string;
  rules: object;
}

/** What of a kind a licence lets out. */
interface Share {
  limit: number | null;
  /** Beyond it nobody is let in; null: everybody is. */
  most: number | null;
  heartbeatSeconds: number | null;
  uniqueIn: 'license' | 'tenant' | 'none';
}

/**
 * Takes a seat, or lets a machine in. Who has one already keeps it, as by a heartbeat. The licence's row is held while it is counted: of
 * however many who ask at once, in however many processes, no more are let in than there is room for. Its dead are taken away before.
 *
 * Refuses with `not_found`, `license_not_valid` (with its standing), `license_seats_exceeded` (also of machines), `license_machine_taken` when another licence of the tenant has the machine and policies let it in once.
 */
export async function checkOut(
  em: Sql,
  keyring: Keyring,
  asked: LicenseCheckOut,
  reach: Reach,
  now: Date,
): Promise<LicenseUse> {
  const licence = await lockMeant(em, keyring, asked, reach);
  refuseInvalid(licence, asked, now);
  const { kind } = asked;
  const share = shareOf(LicensePolicyRules.parse(licence.rules), kind);
  const holder = keyring.licenseIndex(`holder/${licence.tenant_id}/${kind}/${asked.holder}`);
  await rows(em)`
    delete from license_uses where dies_at <= ${now} and (
      license_id = ${licence.id} or (unique_in = 'tenant' and tenant_id = ${licence.tenant_id} and holder = ${holder}))`;
  const diesAt = deathOf(share.heartbeatSeconds, now);

  const [kept] =
    share.uniqueIn === 'none'
      ? []
      : await rows<{ id: string }>(em)`
          update license_uses set heartbeat_at = ${now}, heartbeat_seconds = ${share.heartbeatSeconds}::int, dies_at = ${diesAt}
          where license_id = ${licence.id} and kind = ${kind} and holder = ${holder} and unique_in <> 'none' returning id`;
  const used = await countUses(em, licence.id, kind);
  if (kept) return viewUse(kept.id, licence.id, kind, share, used, diesAt);
  if (share.most !== null && used >= share.most)
    throw new DomainError('license_seats_exceeded', `All that the licence has are in use: ${share.most}.`, {
      extra: { license: { limit: share.limit, used } },
    });
  const id = newId();
  const taken = await rows(em)`
    insert into license_uses (id, license_id, tenant_id, product, kind, holder, unique_in, heartbeat_seconds, checked_out_at, heartbeat_at,
                              dies_at)
    values (${id}, ${licence.id}, ${licence.tenant_id}, ${licence.product}, ${kind}, ${holder}, ${share.uniqueIn},
            ${share.heartbeatSeconds}::int, ${now}, ${now}, ${diesAt})
    on conflict do nothing returning id`;
  if (taken.length === 0)
    throw new DomainError('license_machine_taken', 'Another licence of this tenant has this machine.');
  return viewUse(id, licence.id, kind, share, used + 1, diesAt);
}

/** Which licence is meant, as a condition; null where there can be none. */
function meaning(keyring: Keyring, { key, licenseId }: { key?: string | undefined; licenseId?: string | undefined }) {
  if (licenseId !== undefined) return sql`l.id = ${licenseId}::uuid`;
  const index = key === undefined ? null : indexOf(keyring, key);
  return index && sql`l.key_index = ${index}`;
}

async function lockMeant(em: Sql, keyring: Keyring, asked: LicenseCheckOut, reach: Reach): Promise<Locked> {
  const isMeant = meaning(keyring, asked);
  const [found] = isMeant
    ? await rows<Locked>(em)`
        select l.*, t.state as tenant_state, p.rules from licenses l
        join tenants t on t.id = l.tenant_id
        join license_policies p on p.name = l.policy_name and p.version = l.policy_version
        where ${isMeant} and ${withinReach(reach, sql`l.tenant_id`)} for update of l`
    : [];
  if (!found) throw new DomainError('not_found', 'There is no such licence.');
  return found;
}

function refuseInvalid(licence: Locked, { kind, holder }: LicenseCheckOut, now: Date): void {
  const standing = standingOf(licence, now);
  const refuse = (why: string): never => {
    throw new DomainError('license_not_valid', 'The licence lets nobody in.', {
      extra: { license: { standing: why } },
    });
  };
  if (standing !== 'valid' && standing !== 'grace') refuse(standing);
  if (licence.tenant_state !== 'active') refuse('suspended');
  if (kind === 'machine' && licence.binding !== null && !licence.binding.includes(holder)) refuse('wrong_machine');
}

function shareOf({ seats, machines }: LicensePolicyRules, kind: UseKind): Share {
  if (kind === 'machine')
    return {
      limit: machines.limit,
      most: machines.limit,
      heartbeatSeconds: machines.heartbeatSeconds,
      uniqueIn: machines.unique,
    };
  const { limit, overage, soft, heartbeatSeconds } = seats;
  const most = limit === null || overage === 'allow' ? null : limit + soft;
  return { limit, most, heartbeatSeconds, uniqueIn: 'license' };
}

const deathOf = (heartbeatSeconds: number | null, now: Date): Date | null =>
  heartbeatSeconds === null ? null : new Date(now.getTime() + missedHeartbeats * heartbeatSeconds * 1000);

async function countUses(em: Sql, licenseId: string, kind: UseKind): Promise<number> {
  const [counted] = await rows<{ used: number }>(em)`
    select count(*)::int as used from license_uses where license_id = ${licenseId} and kind = ${kind}`;
  return counted?.used ?? 0;
}

const viewUse = (
  useId: string,
  licenseId: string,
  kind: UseKind,
  { limit, heartbeatSeconds }: Share,
  used: number,
  diesAt: Date | null,
): LicenseUse => ({
  useId,
  kind,
  licenseId,
  used,
  limit,
  overage: limit !== null && used > limit,
  heartbeatSeconds,
  diesAt: diesAt && diesAt.toISOString(),
});

/**
 * It is alive. One that is late is, too, unless it was taken away meanwhile. Refuses with `license_use_over` what is checked out no more, or
 * of a licence that is not active.
 */
export async function heartbeat(
  em: Sql,
  useId: string,
  reach: Reach,
  now: Date,
): Promise<{ useId: string; diesAt: string | null }> {
  const [alive] = await rows<{ dies_at: string | null }>(em)`
    update license_uses u set heartbeat_at = ${now}, dies_at = ${now}::timestamptz + make_interval(secs => u.heartbeat_seconds * ${missedHeartbeats}::int)
    from licenses l where u.id = ${useId} and l.id = u.license_id and l.state = 'active' and ${withinReach(reach, sql`u.tenant_id`)}
    returning u.dies_at`;
  if (!alive) throw new DomainError('license_use_over', 'It is not checked out any more; check out again.');
  return { useId, diesAt: alive.dies_at && isoOf(alive.dies_at) };
}

/** Whether there was anything to give back. */
export async function checkIn(em: Sql, useId: string, reach: Reach): Promise<boolean> {
  const released = await rows(em)`
    delete from license_uses u where u.id = ${useId} and ${withinReach(reach, sql`u.tenant_id`)} returning 1`;
  return released.length > 0;
}

/**
 * Takes away whoever was silent for too long by `now`; whom somebody else deals with at this moment is left for the next time.
 *
 * @returns how many; fewer than `most` when nobody is left
 */
export async function cullDead(em: Sql, now: Date, most = 1_000): Promise<number> {
  const culled = await rows(em)`
    delete from license_uses where id in (
      select id from license_uses where dies_at <= ${now} order by dies_at limit ${most} for update skip locked) returning 1`;
  return culled.length;
}
