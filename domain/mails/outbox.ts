import { v7 as newId } from 'uuid';
import type { Sql } from '../database.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { rows } from '../sql.ts';

/** What people are written about their sign-in, and tenants about who wants in. */
export const mailKinds = [
  'invitation',
  'password_reset_asked',
  'password_reset',
  'mail_change',
  'security_notice',
  'support_access',
  'onboarding_reminder',
  'sign_up_proof',
  'sign_up_refused',
  'tenant_export',
  'tenant_access',
  'ownership',
  'license',
  'license_renewed',
] as const;
export type MailKind = (typeof mailKinds)[number];

export interface MailText {
  kind: MailKind;
  subject: string;
  text: string;
}

export interface DueMail extends MailText {
  id: string;
  to: string;
  attempts: number;
  /** Whose person it is for; null for the platform's. */
  tenantId: string | null;
}

/** Longer than any sending takes: what a killed process had taken is taken again after it. */
const leaseSeconds = 60;
/** After each attempt that failed: links do not outlive a day, so neither does their mail. */
const backoffSeconds = [5, 30, 2 * 60, 10 * 60, 30 * 60, 2 * 3600, 6 * 3600];

const contextOf = (id: string): string => `mail/${id}`;

/**
 * Puts a mail into the outbox, in the transaction of what it tells of; a worker sends it.
 *
 * @param tenantId of a mail to somebody of a tenant: what still waits when the tenant is erased goes with it
 */
export async function queueMail(
  em: Sql,
  keyring: Keyring,
  to: string,
  { kind, ...text }: MailText,
  tenantId: string | null = null,
): Promise<string> {
  const [id] = await queueMails(em, keyring, [{ to, kind, tenantId, ...text }]);
  return id!;
}

export interface MailTo extends MailText {
  to: string;
  tenantId: string | null;
}

/** The same for many in one statement. @returns their ids, in the same order */
export async function queueMails(em: Sql, { platformKey }: Keyring, mails: readonly MailTo[]): Promise<string[]> {
  const queued = mails.map(({ kind, tenantId, to, subject, text }) => {
    const id = newId();
    return {
      id,
      kind,
      tenantId,
      sealed: seal(platformKey, Buffer.from(JSON.stringify({ to, subject, text })), contextOf(id)),
    };
  });
  const ids = queued.map(({ id }) => id);
  if (queued.length === 0) return ids;
  await rows(em)`
    insert into mails (id, kind, sealed, tenant_id)
    select * from unnest(${ids}::uuid[], ${queued.map(({ kind }) => kind)}::text[], ${queued.map(({ sealed }) => sealed)}::bytea[],
                         ${queued.map(({ tenantId }) => tenantId)}::uuid[])`;
  return ids;
}

/** Takes what is due, for as long as a sending may take; nobody else gets the same meanwhile. */
export async function takeDueMails(em: Sql, keyring: Keyring, count: number): Promise<DueMail[]> {
  const taken = await rows<{ id: string; kind: MailKind; sealed: Buffer; attempts: number; tenant_id: string | null }>(
    em,
  )`
    with due as (
      select id from mails where state = 'waiting' and next_attempt_at <= now()
      order by next_attempt_at limit ${count} for update skip locked)
    update mails set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseSeconds}::int)
    where id in (select id from due) returning id, kind, sealed, attempts, tenant_id`;
  return taken.map(({ id, kind, sealed, attempts, tenant_id: tenantId }) => {
    const { to, subject, text } = JSON.parse(unseal(keyring.platformKey, sealed, contextOf(id)).toString()) as Pick<
      DueMail,
      'to' | 'subject' | 'text'
    >;
    return { id, kind, attempts, tenantId, to, subject, text };
  });
}

/** With the sending goes what was sent. */
export const markMailSent = (em: Sql, id: string): Promise<unknown> =>
  rows(em)`
    update mails set state = 'sent', sent_at = now(), sealed = null, last_error = null where id = ${id} and state = 'waiting'`;

/** Tried again later, or given up when it never can succeed or was tried often enough. @param why names no address */
export async function markMailFailed(
  em: Sql,
  { id, attempts }: Pick<DueMail, 'id' | 'attempts'>,
  { why, forGood }: { why: string; forGood: boolean },
): Promise<'failed' | 'dead'> {
  const pause = backoffSeconds[attempts - 1];
  const isDead = forGood || pause === undefined;
  await rows(em)`
    update mails set state = ${isDead ? 'dead' : 'waiting'}, last_error = ${why},
      sealed = case when ${isDead} then null else sealed end, next_attempt_at = now() + make_interval(secs => ${pause ?? 0}::int)
    where id = ${id} and state = 'waiting'`;
  return isDead ? 'dead' : 'failed';
}

/** Whether mails reach people; without a mail server they lie in a folder, and who makes a link must hand it over. */
export async function mailsReachPeople(em: Sql): Promise<boolean> {
  const [found] = await rows<{ by_smtp: boolean }>(em)`select mails_by_smtp as by_smtp from installations`;
  return found?.by_smtp ?? false;
}

/** The workers know how mails go out; the API does not. */
export const noteHowMailsGo = (em: Sql, bySmtp: boolean): Promise<unknown> =>
  rows(em)`update installations set mails_by_smtp = ${bySmtp} where mails_by_smtp is distinct from ${bySmtp}`;
