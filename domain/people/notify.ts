import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import { securityNotice, type Notice } from '../mails/texts.ts';
import type { Realm } from './realm.ts';

/** Tells the owner of an account what was changed about it, in the transaction of the change. */
export const notify = (em: Sql, realm: Realm, to: string, notice: Notice): Promise<unknown> =>
  queueMail(em, realm.keyring, to, securityNotice(notice, realm), realm.tenantId);
