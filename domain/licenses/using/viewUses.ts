import { sql } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import type { LicenseUses, LicenseUsesQuery, UseKind } from '#contracts/licenses/uses.ts';
import { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { findLicense } from '../licenseRow.ts';

/** So much of a holder's digest is shown: enough to tell two apart. */
const shownDigits = 12;

/** What is checked out of a licence, without the dead. Refuses with `not_found`. */
export async function viewUses(em: Sql, licenseId: string, query: LicenseUsesQuery, now: Date): Promise<LicenseUses> {
  const licence = await findLicense(em, licenseId);
  const [policy] = await rows<{ rules: object }>(em)`
    select rules from license_policies where name = ${licence.policy_name} and version = ${licence.policy_version}`;
  const { seats, machines } = LicensePolicyRules.parse(policy?.rules);
  const after = query.cursor === undefined ? null : readCursor(query.cursor, 'time');
  const [counted] = await rows<Record<UseKind, number>>(em)`
    select count(*) filter (where kind = 'seat')::int as seat, count(*) filter (where kind = 'machine')::int as machine
    from license_uses where license_id = ${licenseId} and (dies_at is null or dies_at > ${now})`;
  const found = await rows<{
    id: string;
    kind: UseKind;
    holder: Buffer;
    checked_out_at: string;
    heartbeat_at: string;
    dies_at: string | null;
  }>(em)`
    select id, kind, holder, checked_out_at, heartbeat_at, dies_at from license_uses
    where license_id = ${licenseId} and (dies_at is null or dies_at > ${now})
      and ${query.kind ? sql`kind = ${query.kind}` : sql`true`}
      and ${after ? sql`(checked_out_at, id) < (${after.value}::timestamptz, ${after.id}::uuid)` : sql`true`}
    order by checked_out_at desc, id desc limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    seats: { limit: seats.limit, soft: seats.soft, used: counted?.seat ?? 0 },
    machines: { limit: machines.limit, used: counted?.machine ?? 0 },
    items: shown.map((use) => ({
      useId: use.id,
      kind: use.kind,
      holder: use.holder.toString('hex').slice(0, shownDigits),
      checkedOutAt: isoOf(use.checked_out_at),
      heartbeatAt: isoOf(use.heartbeat_at),
      diesAt: use.dies_at && isoOf(use.dies_at),
    })),
    nextCursor: last && found.length > query.limit ? writeCursor(isoOf(last.checked_out_at), last.id) : null,
  };
}

/** Takes a seat or a machine away from who has it, because a person says so. Refuses with `not_found`. */
export async function takeUseAway(
  em: Sql,
  { licenseId, useId }: { licenseId: string; useId: string },
  actor: Actor,
): Promise<void> {
  const [taken] = await rows<{ kind: UseKind; tenant_id: string }>(em)`
    delete from license_uses where id = ${useId} and license_id = ${licenseId} returning kind, tenant_id`;
  if (!taken) throw new DomainError('not_found', 'It is not checked out of this licence any more.');
  const { kind, tenant_id: tenantId } = taken;
  await appendEvent(
    em,
    { stream: `license:${licenseId}`, type: 'license.use_taken_away', tenantId, data: { kind, useId } },
    actor,
  );
}
