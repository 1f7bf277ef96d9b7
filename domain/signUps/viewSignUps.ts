import { sql } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import type { SignUp, SignUpPage, SignUpQuery, SignUpState } from '#contracts/onboarding/signUps.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { Keyring } from '../secrets/keyring.ts';
import { rows } from '../sql.ts';
import { unsealReason, unsealSigner } from './signUps.ts';

interface Row {
  id: string;
  state: SignUpState;
  plan: string;
  sealed: Buffer | null;
  asked_at: string;
  proven_at: string | null;
  decided_at: string | null;
  email: string | null;
  sealed_reason: Buffer | null;
  tenant_id: string | null;
  run_id: string | null;
  tenant_name: string | null;
}

const row = sql`
  s.id, s.state, s.plan, s.sealed, s.asked_at, s.proven_at, s.decided_at, u.email, s.sealed_reason, s.tenant_id, s.run_id,
  t.name as tenant_name
  from sign_ups s left join users u on u.id = s.decided_by and u.tenant_id is null left join tenants t on t.id = s.tenant_id`;

/** Newest first; who has not proven their address is shown only when that is asked for. */
export async function listSignUps(
  em: Sql,
  keyring: Keyring,
  { state, cursor, limit }: SignUpQuery,
  mayDecide: boolean,
): Promise<SignUpPage> {
  const after = cursor ? readCursor(cursor, 'time') : null;
  const found = await rows<Row & { cursor_at: string }>(em)`
    select s.asked_at::text as cursor_at, ${row}
    where case when ${state ?? null}::text is null then s.state <> 'asked' else s.state = ${state ?? null} end
      and ${after ? sql`(s.asked_at, s.id) < (${after.value}::timestamptz, ${after.id}::uuid)` : sql`true`}
    order by s.asked_at desc, s.id desc limit ${limit + 1}`;
  const [counted] = await rows<{ waiting: number }>(em)`
    select count(*)::int as waiting from sign_ups where state = 'waiting'`;
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map((one) => view(keyring, one, mayDecide)),
    nextCursor: last && found.length > limit ? writeCursor(last.cursor_at, last.id) : null,
    waiting: counted?.waiting ?? 0,
  };
}

/** Refuses with `not_found`. */
export async function readSignUp(em: Sql, keyring: Keyring, id: string, mayDecide: boolean): Promise<SignUp> {
  const [found] = await rows<Row>(em)`select ${row} where s.id = ${id}`;
  if (!found) throw new DomainError('not_found', 'There is no such sign-up.');
  return view(keyring, found, mayDecide);
}

function view(keyring: Keyring, found: Row, mayDecide: boolean): SignUp {
  const signer = found.sealed && unsealSigner(keyring, found.id, found.sealed);
  return {
    id: found.id,
    state: found.state,
    organisation: signer?.organisation ?? found.tenant_name,
    email: signer?.email ?? null,
    name: signer?.name ?? null,
    slug: signer?.slug ?? null,
    plan: found.plan,
    askedAt: isoOf(found.asked_at),
    provenAt: found.proven_at && isoOf(found.proven_at),
    decidedAt: found.decided_at && isoOf(found.decided_at),
    decidedBy: found.email,
    reason: found.sealed_reason && unsealReason(keyring, found.id, found.sealed_reason),
    tenantId: found.tenant_id,
    runId: found.run_id,
    may: { decide: mayDecide && found.state === 'waiting' },
  };
}
