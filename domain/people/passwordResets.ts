import { theSystem } from '../events/appendEvent.ts';
import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import { passwordResetMail } from '../mails/texts.ts';
import { rows } from '../sql.ts';
import { makeLink } from './links.ts';
import type { Realm } from './realm.ts';
import { tellOfUser } from './userEvents.ts';

/**
 * Somebody asks for a new password. The address goes into the outbox whether anybody has it or not, and a worker finds out: what is
 * done here, and how long it takes, is the same for every address.
 */
export const askForPasswordReset = (em: Sql, realm: Realm, email: string): Promise<unknown> =>
  queueMail(em, realm.keyring, email, { kind: 'password_reset_asked', subject: '', text: '' }, realm.tenantId);

/** Puts the mail with the link into the outbox, if there is somebody to send it to. */
export async function answerPasswordReset(em: Sql, realm: Realm, email: string): Promise<void> {
  const [user] = await rows<{ id: string }>(em)`
    select id from users
    where email = ${realm.indexOf(email)} and tenant_id is not distinct from ${realm.tenantId}::uuid and disabled_at is null
      and activated_at is not null for no key update`;
  if (!user) return;
  const { token, expiresAt } = await makeLink(em, { purpose: 'password_reset', userId: user.id, createdBy: null });
  const link = realm.linkUrl('password_reset', token);
  await queueMail(em, realm.keyring, email, passwordResetMail({ link, expiresAt }, realm), realm.tenantId);
  await tellOfUser(em, user.id, 'password.reset_asked', {}, theSystem);
}
