import { DomainError } from '#contracts/errors.ts';
import type { SecondFactor } from '#contracts/identity/signIn.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** What somebody has set up beside the password. */
export interface FactorCounts {
  totp: boolean;
  passkeys: number;
  recoveryCodesLeft: number;
}

export async function countFactors(em: Sql, userId: string): Promise<FactorCounts> {
  const [found] = await rows<FactorCounts>(em)`
    select exists (select 1 from totp_secrets where user_id = ${userId} and confirmed_at is not null) as totp,
           (select count(*)::int from passkeys where user_id = ${userId}) as passkeys,
           (select count(*)::int from recovery_codes where user_id = ${userId} and used_at is null) as "recoveryCodesLeft"`;
  if (!found) throw new Error('a select without rows');
  return found;
}

/** Recovery codes stand in for a factor and are none by themselves. */
export const hasSecondFactor = ({ totp, passkeys }: FactorCounts): boolean => totp || passkeys > 0;

/** What may be answered with at sign-in, the best first. */
export function factorsToAnswerWith(counts: FactorCounts): SecondFactor[] {
  if (!hasSecondFactor(counts)) return [];
  return [
    ...(counts.passkeys > 0 ? (['passkey'] as const) : []),
    ...(counts.totp ? (['totp'] as const) : []),
    ...(counts.recoveryCodesLeft > 0 ? (['recovery_code'] as const) : []),
  ];
}

/** Whether a role of this person, wherever it holds, asks for a second factor. */
export async function requiresSecondFactor(em: Sql, userId: string): Promise<boolean> {
  const asking = await rows(em)`
    select 1 from role_assignments a join roles r on r.name = a.role
    where a.user_id = ${userId} and r.requires_second_factor limit 1`;
  return asking.length > 0;
}

export async function isFactorMissing(em: Sql, userId: string, counts: FactorCounts): Promise<boolean> {
  return !hasSecondFactor(counts) && (await requiresSecondFactor(em, userId));
}

/** Refuses (`last_factor`) when a role asks for a second factor and this removal would take the last one. */
export async function refuseLastFactor(em: Sql, userId: string): Promise<void> {
  if (await isFactorMissing(em, userId, await countFactors(em, userId)))
    throw new DomainError('last_factor', 'Your role asks for a second factor: set up another one first.');
}
