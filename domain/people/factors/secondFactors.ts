import { DomainError } from '#contracts/errors.ts';
import type { TotpSetUp } from '#contracts/identity/account.ts';
import type { Passkey, PasskeyRegistration } from '#contracts/identity/passkeys.ts';
import type { z } from 'zod';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { noteFactorAdded } from '../../members/noteProgress.ts';
import { countFactors, hasSecondFactor, refuseLastFactor } from './factorCounts.ts';
import { addPasskey, removePasskey, type RelyingParty } from './passkeys.ts';
import { notify } from '../notify.ts';
import type { Realm } from '../realm.ts';
import { makeRecoveryCodes, replaceRecoveryCodes, type RecoveryCodeSet } from './recoveryCodes.ts';
import { revokeSessions, type SignedIn } from '../sessions.ts';
import { beginTotp, confirmTotp, removeTotp } from './totp.ts';
import { tellOfUser } from '../userEvents.ts';

/** Whose factors they are, and in which of their sessions it happens. */
type Owner = Pick<SignedIn, 'userId' | 'sessionId' | 'email' | 'name'>;

export const beginTotpFactor = (em: Sql, realm: Realm, owner: Owner): Promise<z.infer<typeof TotpSetUp>> =>
  beginTotp(em, realm.keyring, { userId: owner.userId, email: owner.email, issuer: realm.name });

/** Returns recovery codes when this is the first factor. Refuses with `factor_not_begun`, `code_wrong`. */
export async function addTotpFactor(
  em: Sql,
  realm: Realm,
  { owner, code }: { owner: Owner; code: string },
  actor: Actor,
): Promise<string[] | null> {
  return withRecoveryCodes(em, realm, { owner, factor: 'totp' }, actor, (tx) =>
    confirmTotp(tx, realm.keyring, owner.userId, code),
  ).then(({ recoveryCodes }) => recoveryCodes);
}

/** Refuses with `passkey_refused`. */
export async function addPasskeyFactor(
  em: Sql,
  realm: Realm,
  wanted: { owner: Owner; party: RelyingParty; passkey: PasskeyRegistration; name: string; boundTo: Buffer },
  actor: Actor,
): Promise<{ passkey: Passkey; recoveryCodes: string[] | null }> {
  const { owner, party, passkey, name, boundTo } = wanted;
  const { result, recoveryCodes } = await withRecoveryCodes(em, realm, { owner, factor: 'passkey' }, actor, (tx) =>
    addPasskey(tx, party, { userId: owner.userId, passkey, name }, boundTo),
  );
  return { passkey: result, recoveryCodes };
}

/** With the first factor come the codes for the day on which it is lost, and sessions that were begun without one end. */
async function withRecoveryCodes<Result>(
  em: Sql,
  realm: Realm,
  { owner, factor }: { owner: Owner; factor: 'totp' | 'passkey' },
  actor: Actor,
  add: (em: Sql) => Promise<Result>,
): Promise<{ result: Result; recoveryCodes: string[] | null }> {
  const { userId, sessionId, email } = owner;
  const before = await countFactors(em, userId);
  const set = before.recoveryCodesLeft === 0 ? await makeRecoveryCodes() : null;
  return em.transactional(async (tx) => {
    await tellOfUser(tx, userId, 'factor.added', { factor }, actor);
    const result = await add(tx);
    if (set) await keepCodes(tx, userId, set, actor);
    if (!hasSecondFactor(before))
      await revokeSessions(tx, { userId, except: sessionId, reason: 'factor_added' }, actor);
    await noteFactorAdded(tx, realm, userId, actor);
    await notify(tx, realm, email, factor === 'totp' ? 'totp_added' : 'passkey_added');
    return { result, recoveryCodes: set?.codes ?? null };
  });
}

/** Refuses with `not_found`, `last_factor`. */
export function removeTotpFactor(em: Sql, realm: Realm, owner: Owner, actor: Actor): Promise<void> {
  return removing(em, realm, { owner, factor: 'totp', notice: 'totp_removed' }, actor, async (tx) => {
    if (!(await removeTotp(tx, owner.userId))) throw new DomainError('not_found', 'No authenticator app is set up.');
  });
}

/** Refuses with `not_found`, `last_factor`. */
export function removePasskeyFactor(
  em: Sql,
  realm: Realm,
  { owner, passkeyId }: { owner: Owner; passkeyId: string },
  actor: Actor,
): Promise<void> {
  return removing(em, realm, { owner, factor: 'passkey', notice: 'passkey_removed' }, actor, (tx) =>
    removePasskey(tx, owner.userId, passkeyId),
  );
}

async function removing(
  em: Sql,
  realm: Realm,
  what: { owner: Owner; factor: 'totp' | 'passkey'; notice: 'totp_removed' | 'passkey_removed' },
  actor: Actor,
  remove: (em: Sql) => Promise<void>,
): Promise<void> {
  const { owner, factor, notice } = what;
  const { userId, email } = owner;
  await em.transactional(async (tx) => {
    await tellOfUser(tx, userId, 'factor.removed', { factor }, actor); // holds the user: of two removals at once, one is the last
    await remove(tx);
    await refuseLastFactor(tx, userId);
    if (!hasSecondFactor(await countFactors(tx, userId)))
      await rows(tx)`delete from recovery_codes where user_id = ${userId}`;
    await notify(tx, realm, email, notice);
  });
}

/** Ten new ones; the earlier ones end. */
export async function renewRecoveryCodes(em: Sql, realm: Realm, owner: Owner, actor: Actor): Promise<string[]> {
  const set = await makeRecoveryCodes();
  await em.transactional(async (tx) => {
    await keepCodes(tx, owner.userId, set, actor);
    await notify(tx, realm, owner.email, 'recovery_codes_replaced');
  });
  return set.codes;
}

async function keepCodes(em: Sql, userId: string, set: RecoveryCodeSet, actor: Actor): Promise<void> {
  await tellOfUser(em, userId, 'recovery_codes.made', {}, actor);
  await replaceRecoveryCodes(em, userId, set);
}

/** Whether there was anything to remove. */
export async function removeAllFactors(em: Sql, userId: string): Promise<void> {
  await rows(em)`delete from totp_secrets where user_id = ${userId}`;
  await rows(em)`delete from passkeys where user_id = ${userId}`;
  await rows(em)`delete from recovery_codes where user_id = ${userId}`;
}
