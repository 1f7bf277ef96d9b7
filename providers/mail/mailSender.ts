import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { DomainError } from '#contracts/errors.ts';
import { ProviderError } from '../provider.ts';

export interface Mail {
  /** Fixed by the caller: a repeated sending carries the same Message-ID, so receivers can tell (RFC 5322 3.6.4). */
  id: string;
  to: string;
  subject: string;
  text: string;
}

export interface MailSender {
  send(mail: Mail): Promise<void>;
}

const deadlineMs = 15_000;

/** By SMTP when a server is configured; else each mail lands in the outbox folder as an .eml file. */
export function mailSender(options: { smtpUrl: string | null; from: string; outboxDir: string }): MailSender {
  const { smtpUrl, from, outboxDir } = options;
  const domain = /@([^>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
  const messageOf = (mail: Mail) => ({
    from,
    to: mail.to,
    subject: mail.subject,
    text: mail.text,
    messageId: `<${mail.id}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  });

  if (smtpUrl === null) {
    const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
    return {
      async send(mail) {
        const built = await transport.sendMail(messageOf(mail));
        await mkdir(outboxDir, { recursive: true, mode: 0o700 });
        const path = join(outboxDir, `${mail.id}.eml`);
        await writeFile(`${path}.new`, built.message as Buffer, { mode: 0o600 });
        await rename(`${path}.new`, path);
      },
    };
  }

  const transport = nodemailer.createTransport(smtpUrl, {
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
  } as object);
  return {
    async send(mail) {
      try {
        await transport.sendMail(messageOf(mail));
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        if (responseCode !== undefined && responseCode >= 500)
          throw new DomainError('mail_refused', `The mail server refused the mail for good (${responseCode}).`, {
            cause: error,
          });
        throw new ProviderError(
          'SMTP',
          `The mail server did not take the mail (${responseCode ?? code ?? 'no answer'}).`,
          {
            cause: error,
          },
        );
      }
    },
  };
}
