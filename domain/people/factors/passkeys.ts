import { createHash } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type {
  Passkey,
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
} from '#contracts/identity/passkeys.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import type { Realm } from '../realm.ts';

const challengeSeconds = 300;
const mostPasskeys = 20;
/** EdDSA, ES256 and RS256 (RFC 9053): what every authenticator has one of. */
const supportedAlgorithmIDs = [-8, -7, -257];

/** Where passkeys of this installation work: the host that people see, and the origins it is reached under. */
export interface RelyingParty {
  id: string;
  name: string;
  origins: string[];
}

/** What a challenge may be answered for; one made for something else is refused. */
export type ChallengePurpose = 'register' | 'sign_in' | 'second_factor' | 'confirm';

/** A challenge belongs to one browser: the digest of its session's or its sign-in's token. */
interface Bound {
  purpose: ChallengePurpose;
  boundTo: Buffer;
}

interface Row {
  id: string;
  user_id: string;
  credential_id: string;
  public_key: Buffer;
  counter: string;
  transports: string[];
  is_synced: boolean;
  name: string;
  created_at: string;
  last_used_at: string | null;
}

export async function offerPasskey(
  em: Sql,
  party: RelyingParty,
  user: { userId: string; email: string; name: string | null },
  boundTo: Buffer,
): Promise<PasskeyCreationOptions> {
  const known = await passkeysOf(em, user.userId);
  if (known.length >= mostPasskeys)
    throw new DomainError('passkey_refused', `There are ${mostPasskeys} passkeys already. Remove one first.`);
  const options = await generateRegistrationOptions({
    rpName: party.name,
    rpID: party.id,
    userID: new Uint8Array(Buffer.from(user.userId.replaceAll('-', ''), 'hex')),
    userName: user.email,
    userDisplayName: user.name ?? user.email,
    timeout: challengeSeconds * 1000,
    attestationType: 'none',
    supportedAlgorithmIDs,
    excludeCredentials: known.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  await keepChallenge(em, options.challenge, { purpose: 'register', boundTo });
  return options as PasskeyCreationOptions;
}

/** Adds what the browser made of the offer. Refuses with `passkey_refused`. */
export async function addPasskey(
  em: Sql,
  party: RelyingParty,
  wanted: { userId: string; passkey: PasskeyRegistration; name: string },
  boundTo: Buffer,
): Promise<Passkey> {
  const { passkey, userId, name } = wanted;
  const verified = await verifyRegistrationResponse({
    response: passkey as Parameters<typeof verifyRegistrationResponse>[0]['response'],
    expectedChallenge: (challenge) => takeChallenge(em, challenge, { purpose: 'register', boundTo }),
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    supportedAlgorithmIDs,
    requireUserVerification: true,
  }).catch(refuse);
  if (!verified.verified) throw refused();
  const { credential, credentialBackedUp } = verified.registrationInfo;
  const [added] = await rows<Row>(em)`
    insert into passkeys (id, user_id, credential_id, public_key, counter, transports, is_synced, name)
    values (${newId()}, ${userId}, ${credential.id}, ${Buffer.from(credential.publicKey)}, ${credential.counter},
            ${passkey.response.transports ?? []}::text[], ${credentialBackedUp}, ${name})
    on conflict (credential_id) do nothing returning *`;
  if (!added) throw new DomainError('passkey_refused', 'This passkey is registered already.');
  return viewPasskey(added);
}

/** @param userId whose passkeys are asked for; null asks for any that the browser knows, so that no address is needed */
export async function askForPasskey(
  em: Sql,
  party: RelyingParty,
  userId: string | null,
  bound: Bound,
): Promise<PasskeyRequestOptions> {
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    timeout: challengeSeconds * 1000,
    userVerification: bound.purpose === 'second_factor' ? 'preferred' : 'required',
    ...(userId === null ? {} : { allowCredentials: (await passkeysOf(em, userId)).map(descriptorOf) }),
  });
  await keepChallenge(em, options.challenge, bound);
  return options as PasskeyRequestOptions;
}

/** Whose passkey of this realm this is. Its signature is checked, and each challenge is answered once. Refuses with `passkey_refused`. */
export async function usePasskey(
  em: Sql,
  { tenantId }: Pick<Realm, 'tenantId'>,
  party: RelyingParty,
  { passkey, userId = null }: { passkey: PasskeyAssertion; userId?: string | null },
  bound: Bound,
): Promise<{ userId: string; passkeyId: string }> {
  const [known] = await rows<Row>(em)`
    select k.* from passkeys k join users u on u.id = k.user_id
    where k.credential_id = ${passkey.id} and u.tenant_id is not distinct from ${tenantId}::uuid
      and (${userId}::uuid is null or k.user_id = ${userId}::uuid)`;
  if (!known) throw refused();
  const verified = await verifyAuthenticationResponse({
    response: passkey as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
    expectedChallenge: (challenge) => takeChallenge(em, challenge, bound),
    expectedOrigin: party.origins,
    expectedRPID: party.id,
    credential: {
      id: known.credential_id,
      publicKey: new Uint8Array(known.public_key),
      counter: Number(known.counter),
      transports: known.transports,
    },
    // The password came before: there the passkey is what one has; alone it must be more than that.
    requireUserVerification: bound.purpose !== 'second_factor',
  }).catch(refuse);
  if (!verified.verified) throw refused();
  const { newCounter, credentialBackedUp } = verified.authenticationInfo;
  // A counter that does not grow tells of a copy (WebAuthn Level 3, 6.1.1); most passkeys have none and stay at 0.
  const used = await rows(em)`
    update passkeys set counter = ${newCounter}, last_used_at = now(), is_synced = ${credentialBackedUp}
    where id = ${known.id} and (counter < ${newCounter} or (counter = 0 and ${newCounter}::bigint = 0)) returning 1`;
  if (used.length === 0) throw refused();
  return { userId: known.user_id, passkeyId: known.id };
}

export async function listPasskeys(em: Sql, userId: string): Promise<Passkey[]> {
  return (await passkeysOf(em, userId)).map(viewPasskey);
}

export async function renamePasskey(em: Sql, userId: string, passkeyId: string, name: string): Promise<Passkey> {
  const [renamed] = await rows<Row>(em)`
    update passkeys set name = ${name} where id = ${passkeyId} and user_id = ${userId} returning *`;
  if (!renamed) throw new DomainError('not_found', 'There is no such passkey.');
  return viewPasskey(renamed);
}

export async function removePasskey(em: Sql, userId: string, passkeyId: string): Promise<void> {
  const removed = await rows(em)`delete from passkeys where id = ${passkeyId} and user_id = ${userId} returning 1`;
  if (removed.length === 0) throw new DomainError('not_found', 'There is no such passkey.');
}

const passkeysOf = (em: Sql, userId: string): Promise<Row[]> =>
  rows<Row>(em)`select * from passkeys where user_id = ${userId} order by id`;

const descriptorOf = ({ credential_id: id, transports }: Row) => ({ id, transports });

const viewPasskey = (row: Row): Passkey => ({
  id: row.id,
  name: row.name,
  createdAt: new Date(row.created_at).toISOString(),
  lastUsedAt: row.last_used_at && new Date(row.last_used_at).toISOString(),
  isSynced: row.is_synced,
});

const digestOf = (challenge: string): Buffer => createHash('sha256').update(challenge).digest();

async function keepChallenge(em: Sql, challenge: string, { purpose, boundTo }: Bound): Promise<void> {
  await rows(em)`
    delete from passkey_challenges where challenge_hash in (
      select challenge_hash from passkey_challenges where expires_at < now() limit 20 for update skip locked)`;
  await rows(em)`
    insert into passkey_challenges (challenge_hash, bound_to, purpose, expires_at)
    values (${digestOf(challenge)}, ${boundTo}, ${purpose}, now() + make_interval(secs => ${challengeSeconds}::int))`;
}

async function takeChallenge(em: Sql, challenge: string, { purpose, boundTo }: Bound): Promise<boolean> {
  const taken = await rows(em)`
    delete from passkey_challenges
    where challenge_hash = ${digestOf(challenge)} and bound_to = ${boundTo} and purpose = ${purpose} and expires_at > now()
    returning 1`;
  return taken.length > 0;
}

const refused = (cause?: unknown): DomainError =>
  new DomainError('passkey_refused', 'This passkey is not known here, or was not used in time. Try again.', { cause });

function refuse(error: unknown): never {
  // An outage is none of the passkey's doing.
  if (error instanceof Error && 'code' in error && /^(?:ECONN|ETIMEDOUT|\d{2}[0-9A-Z]{3}$)/.test(String(error.code)))
    throw error;
  throw refused(error);
}
