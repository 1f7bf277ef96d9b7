import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type {
  NewSignUp,
  SignUpApproval,
  SignUpLinkView,
  SignUpProven,
  SignUpState,
} from '#contracts/onboarding/signUps.ts';
import { deriveSlug } from '#contracts/slugs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { queueMail } from '../mails/outbox.ts';
import type { Platform } from '../platform.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { hashOfToken } from '../secrets/tokens.ts';
import { json, rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import { addressIsFree, freeSlugsLike } from '../tenants/addresses.ts';
import { registerTenant, type RegisteredTenant } from '../tenants/registerTenant.ts';
import { proofMail, refusalMail } from './mails.ts';
import { offeredPlan, readSettings } from './settings.ts';

type Posting = Pick<Platform, 'installation' | 'configuration' | 'tenantKeys'>;

/** Whoever signs up waits for the mail; who does not see it today may do so tomorrow. */
export const linkHours = 24;
const suggestionCount = 3;
const contextOf = (id: string, what: 'who' | 'reason'): string => `sign-up/${id}/${what}`;

/** Who wants what; sealed until a tenant holds it under its own key. */
export interface Signer {
  organisation: string;
  slug: string | null;
  email: string;
  name: string | null;
}

export const unsealSigner = ({ platformKey }: Keyring, id: string, sealed: Buffer): Signer =>
  JSON.parse(unseal(platformKey, sealed, contextOf(id, 'who')).toString()) as Signer;

export const unsealReason = ({ platformKey }: Keyring, id: string, sealed: Buffer): string =>
  unseal(platformKey, sealed, contextOf(id, 'reason')).toString();

/**
 * Keeps what somebody wants and has the link sent that proves the address. An address (slug) is taken by whoever proves theirs first.
 * Refuses with `sign_up_closed`, `plan_unknown`, `slug_taken`.
 *
 * @param mayMail false when this address was written to too often: then nothing is kept or sent, and the answer is the same
 */
export async function askSignUp(
  em: Sql,
  { installation, configuration }: Posting,
  wanted: NewSignUp,
  mayMail: boolean,
  actor: Actor,
): Promise<void> {
  const { plan } = await offeredPlan(em, wanted.plan);
  if (wanted.slug !== undefined) await refuseTaken(em, wanted.slug);
  if (!mayMail) return;
  const id = newId();
  const token = randomBytes(24).toString('base64url');
  const { organisation, slug = null, email, name = null } = wanted;
  const signer: Signer = { organisation, slug, email, name };
  const { keyring } = installation;
  await rows(em)`
    insert into sign_ups (id, state, plan, sealed, token_hash, expires_at)
    values (${id}, 'asked', ${plan}, ${seal(keyring.platformKey, Buffer.from(json(signer)), contextOf(id, 'who'))},
            ${hashOfToken(token)}, now() + make_interval(hours => ${linkHours}::int))`;
  const link = `${configuration.publicUrl}/sign-up/confirm#${token}`;
  await queueMail(em, keyring, email, proofMail({ organisation, link, hours: linkHours }));
  await tell(em, id, 'sign_up.asked', { plan }, actor);
}

interface Row {
  id: string;
  state: SignUpState;
  plan: string;
  sealed: Buffer | null;
  expires_at: string;
}

/** What a link is for while it is good. Refuses with `link_invalid`, which does not tell why. */
export async function viewLink(em: Sql, { keyring }: Platform['installation'], token: string): Promise<SignUpLinkView> {
  const row = await findLink(em, token);
  const { organisation, email, slug } = unsealSigner(keyring, row.id, row.sealed!);
  const { needsApproval } = await readSettings(em);
  return { organisation, email, slug, plan: row.plan, needsApproval, expiresAt: isoOf(row.expires_at) };
}

/**
 * The address is proven: the link is used up, and a tenant is made, or its making is asked for. Of two at once, one wins. A link whose
 * slug is taken meanwhile stays good for another one. Refuses with `link_invalid`, `sign_up_closed`, `plan_unknown`, `slug_taken`.
 *
 * @returns the run to start with it
 */
export async function proveSignUp(
  em: Sql,
  posting: Posting,
  { token, slug }: { token: string; slug?: string | undefined },
  actor: Actor,
): Promise<SignUpProven & { runId: string | null }> {
  const row = await findLink(em, token);
  const { needsApproval } = await offeredPlan(em, row.plan);
  const { keyring } = posting.installation;
  const signer = { ...unsealSigner(keyring, row.id, row.sealed!), ...(slug === undefined ? {} : { slug }) };
  await tell(em, row.id, 'sign_up.proven', {}, actor);
  if (!needsApproval) {
    await rows(em)`update sign_ups set proven_at = now(), decided_at = now() where id = ${row.id}`;
    const made = await accept(em, posting, row, { signer, plan: row.plan }, actor);
    return { state: 'accepted', slug: made.slug, runId: made.runId };
  }
  if (signer.slug !== null) await refuseTaken(em, signer.slug);
  await rows(em)`
    update sign_ups set state = 'waiting', proven_at = now(), token_hash = null,
      sealed = ${seal(keyring.platformKey, Buffer.from(json(signer)), contextOf(row.id, 'who'))} where id = ${row.id}`;
  await openTask(em, {
    kind: 'sign_up',
    runId: null,
    tenantId: null,
    subjectId: row.id,
    title: 'Somebody signed up and waits for a decision',
    reason: { code: 'sign_up_waiting', text: `The address is proven; the plan is ${row.plan}.` },
  });
  return { state: 'waiting', slug: null, runId: null };
}

/** Makes the tenant that was waited for. Refuses with `not_found`, `sign_up_decided`, `slug_taken`, `plan_unknown`. */
export async function approveSignUp(
  em: Sql,
  posting: Posting,
  id: string,
  { slug, plan }: SignUpApproval,
  actor: Actor,
): Promise<RegisteredTenant> {
  const row = await takeWaiting(em, id);
  const signer = unsealSigner(posting.installation.keyring, id, row.sealed!);
  await rows(em)`update sign_ups set decided_at = now(), decided_by = ${actor.userId} where id = ${id}`;
  const made = { signer: { ...signer, ...(slug === undefined ? {} : { slug }) }, plan: plan ?? row.plan };
  return accept(em, posting, row, made, actor);
}

/** Tells whoever signed up why not, and forgets who it was. Refuses with `not_found`, `sign_up_decided`. */
export async function refuseSignUp(
  em: Sql,
  { installation: { keyring } }: Posting,
  id: string,
  reason: string,
  actor: Actor,
): Promise<void> {
  const row = await takeWaiting(em, id);
  const { organisation, email } = unsealSigner(keyring, id, row.sealed!);
  await rows(em)`
    update sign_ups set state = 'refused', decided_at = now(), decided_by = ${actor.userId}, sealed = null,
      sealed_reason = ${seal(keyring.platformKey, Buffer.from(reason), contextOf(id, 'reason'))} where id = ${id}`;
  await queueMail(em, keyring, email, refusalMail({ organisation, reason }));
  await closeTasks(em, { subjectId: id }, actor);
  await tell(em, id, 'sign_up.refused', {}, actor);
}

async function accept(
  em: Sql,
  { tenantKeys }: Posting,
  row: Row,
  { signer, plan }: { signer: Signer; plan: string },
  actor: Actor,
): Promise<RegisteredTenant> {
  const { organisation, slug, email, name } = signer;
  if (slug !== null) await refuseTaken(em, slug);
  const made = await registerTenant(
    em,
    tenantKeys,
    {
      name: organisation,
      plan,
      ...(slug === null ? {} : { slug }),
      admin: { email, ...(name === null ? {} : { name }) },
    },
    actor.userId === null ? { ...theSystem, requestId: actor.requestId } : actor,
  );
  // From here on the tenant's own key holds who it is.
  await rows(em)`
    update sign_ups set state = 'accepted', plan = ${plan}, sealed = null, token_hash = null, tenant_id = ${made.tenantId},
      run_id = ${made.runId} where id = ${row.id}`;
  await closeTasks(em, { subjectId: row.id }, actor);
  await tell(em, row.id, 'sign_up.accepted', { tenantId: made.tenantId }, actor);
  return made;
}

async function refuseTaken(em: Sql, slug: string): Promise<void> {
  if (await addressIsFree(em, slug)) return;
  throw new DomainError('slug_taken', 'This address is taken.', {
    fields: [{ path: 'slug', message: 'is taken' }],
    extra: { suggestions: await freeSlugsLike(em, deriveSlug(slug), suggestionCount) },
  });
}

async function findLink(em: Sql, token: string): Promise<Row> {
  const [row] = await rows<Row>(em)`
    select id, state, plan, sealed, expires_at from sign_ups
    where token_hash = ${hashOfToken(token)} and state = 'asked' and expires_at > now() for update`;
  if (row?.sealed) return row;
  throw new DomainError('link_invalid', 'This link was used already or has expired. Sign up again.');
}

async function takeWaiting(em: Sql, id: string): Promise<Row> {
  const [row] = await rows<Row>(em)`
    select id, state, plan, sealed, expires_at from sign_ups where id = ${id} and state <> 'asked' for update`;
  if (!row) throw new DomainError('not_found', 'There is no such sign-up.');
  if (row.state !== 'waiting') throw new DomainError('sign_up_decided', `This sign-up was ${row.state} already.`);
  return row;
}

/** Its row is locked, so versions of its stream do not collide. */
const tell = (em: Sql, id: string, type: string, data: object, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `sign_up:${id}`, type, tenantId: null, data: { ...data } }, actor);
