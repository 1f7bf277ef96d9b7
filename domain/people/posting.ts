import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import { securityNotice, type Notice } from '../mails/texts.ts';
import type { Platform } from '../platform.ts';

/** What mails need: how to seal them, and where their links lead. */
export type Posting = Pick<Platform, 'installation' | 'configuration'>;

/** Tells the owner of an account what was changed about it, in the transaction of the change. */
export const notify = (em: Sql, { installation, configuration }: Posting, to: string, notice: Notice): Promise<void> =>
  queueMail(em, installation.keyring, to, securityNotice(notice, configuration.publicUrl));
