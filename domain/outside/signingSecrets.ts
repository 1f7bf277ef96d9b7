import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { IssuedSigningSecret, SigningSecret } from '#contracts/outside/signingSecrets.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { seal, unseal } from '../secrets/keyring.ts';
import { writeWebhookSecret } from '../secrets/standardWebhooks.ts';
import { rows } from '../sql.ts';

/** How long the one before still signs along, so that receivers can change over without a gap. */
export const overlapHours = 24;

const contextOf = (id: string): string => `step-signing-secret/${id}`;

/** Those that sign now, the newest first. */
export async function listSigningSecrets(em: Sql): Promise<SigningSecret[]> {
  const found = await rows<{ id: string; hint: string; created_at: Date; retires_at: Date | null }>(em)`
    select id, hint, created_at, retires_at from step_signing_secrets
    where retires_at is null or retires_at > now() order by id desc`;
  return found.map(({ id, hint, created_at: createdAt, retires_at: retiresAt }) => ({
    id,
    hint,
    createdAt: new Date(createdAt).toISOString(),
    retiresAt: retiresAt && new Date(retiresAt).toISOString(),
  }));
}

/** A new secret signs from now on; the ones before retire. It is in this answer and nowhere else in the clear. */
export async function issueSigningSecret(
  em: Sql,
  { keyring }: Installation,
  actor: Actor,
): Promise<IssuedSigningSecret> {
  const [id, secret] = [newId(), randomBytes(32)];
  const written = writeWebhookSecret(secret);
  await rows(em)`
    update step_signing_secrets set retires_at = now() + make_interval(hours => ${overlapHours}) where retires_at is null`;
  await rows(em)`
    insert into step_signing_secrets (id, sealed, hint, created_by)
    values (${id}, ${seal(keyring.platformKey, secret, contextOf(id))}, ${written.slice(-5)}, ${actor.userId})`;
  await appendEvent(
    em,
    { stream: `platform:signing-secret/${id}`, type: 'signing_secret.issued', tenantId: null },
    actor,
  );
  const issued = (await listSigningSecrets(em)).find((one) => one.id === id);
  if (!issued) throw new Error('a secret that was just issued is not there');
  return { ...issued, secret: written };
}

/** What a call is signed with. Empty while nobody asked for a secret: then nobody could verify anything. */
export async function signingSecrets(em: Sql, { keyring }: Installation): Promise<Buffer[]> {
  const found = await rows<{ id: string; sealed: Buffer }>(em)`
    select id, sealed from step_signing_secrets where retires_at is null or retires_at > now() order by id desc`;
  return found.map(({ id, sealed }) => unseal(keyring.platformKey, sealed, contextOf(id)));
}
