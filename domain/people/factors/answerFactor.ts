import { DomainError } from '#contracts/errors.ts';
import type { Confirmation, SecondFactorAnswer } from '#contracts/identity/signIn.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { isOwnPassword } from '../changePassword.ts';
import { countFactors, hasSecondFactor } from './factorCounts.ts';
import { usePasskey, type RelyingParty } from './passkeys.ts';
import { notify } from '../notify.ts';
import type { Realm } from '../realm.ts';
import { useRecoveryCode } from './recoveryCodes.ts';
import type { SignInFactor } from '../sessions.ts';
import { useTotpCode, wrongCode } from './totp.ts';
import { asUser, tellOfUser } from '../userEvents.ts';

interface Asked {
  userId: string;
  email: string;
  actor: Actor;
}

/** Which factor it was. Refuses with `code_wrong`, `passkey_refused`. */
export async function answerSecondFactor(
  em: Sql,
  realm: Realm,
  asked: Asked,
  answer: SecondFactorAnswer,
  { party, boundTo }: { party: RelyingParty; boundTo: Buffer },
): Promise<SignInFactor> {
  const { userId } = asked;
  if (answer.passkey) {
    await usePasskey(em, realm, party, { passkey: answer.passkey, userId }, { purpose: 'second_factor', boundTo });
    return 'passkey';
  }
  if (answer.code !== undefined) {
    if (!(await useTotpCode(em, realm.keyring, userId, answer.code))) throw wrongCode();
    return 'totp';
  }
  await spendRecoveryCode(em, realm, asked, answer.recoveryCode ?? '');
  return 'recovery_code';
}

async function spendRecoveryCode(em: Sql, realm: Realm, asked: Asked, code: string): Promise<void> {
  const { userId, email, actor } = asked;
  if (!(await useRecoveryCode(em, userId, code)))
    throw new DomainError('code_wrong', 'This recovery code is not right, or was used already.');
  await em.transactional(async (tx) => {
    const { recoveryCodesLeft: left } = await countFactors(tx, userId);
    await tellOfUser(tx, userId, 'recovery_code.used', { left }, asUser(actor, userId));
    await notify(tx, realm, email, 'recovery_code_used');
  });
}

/**
 * It is still the same person: never by less than a sign-in asks for. Which factor it was; null when it was not the password or a
 * code is missing. Refuses with `code_wrong`, `passkey_refused`.
 */
export async function confirmIdentity(
  em: Sql,
  realm: Realm,
  asked: Asked,
  given: Confirmation,
  { party, boundTo }: { party: RelyingParty; boundTo: Buffer },
): Promise<SignInFactor | null> {
  const { userId } = asked;
  if (given.passkey) {
    await usePasskey(em, realm, party, { passkey: given.passkey, userId }, { purpose: 'confirm', boundTo });
    return 'passkey';
  }
  const { password = '', code, recoveryCode } = given;
  if (!(await isOwnPassword(em, userId, password))) return null;
  if (!hasSecondFactor(await countFactors(em, userId))) return 'password';
  const answer = code !== undefined ? { code } : recoveryCode !== undefined ? { recoveryCode } : null;
  return answer && answerSecondFactor(em, realm, asked, answer, { party, boundTo });
}
