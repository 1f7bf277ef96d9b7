import { DomainError } from '#contracts/errors.ts';
import { markMailFailed, markMailSent, type DueMail } from '#domain/mails/outbox.ts';
import { findTenantRealm, platformRealm } from '#domain/people/realm.ts';
import { answerPasswordReset } from '#domain/people/passwordResets.ts';
import { countMail } from '#observability/metrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Notified } from './notifier.ts';

/** Sent at least once, always under the same Message-ID; what was sent is not kept. */
export async function sendMail({ platform, mail, logger }: Notified, due: DueMail): Promise<void> {
  const { id, kind, tenantId, to, subject, text } = due;
  const em = platform.registry.em.fork();
  try {
    if (kind === 'password_reset_asked') {
      await em.transactional(async (tx) => {
        const realm = tenantId === null ? platformRealm(platform) : await findTenantRealm(tx, platform, tenantId);
        if (realm) await answerPasswordReset(tx, realm, to);
        await markMailSent(tx, id);
      });
      return;
    }
    await mail.send({ id, to, subject, text });
    await markMailSent(em, id);
    countMail(kind, 'sent');
  } catch (error) {
    const outcome = await markMailFailed(em, due, {
      why:
        error instanceof DomainError
          ? error.publicMessage
          : error instanceof ProviderError
            ? error.message
            : 'It could not be sent; the log of the worker tells more.',
      forGood: error instanceof DomainError,
    });
    countMail(kind, outcome);
    logger.warn({ err: error, mailId: id, outcome }, 'a mail was not delivered');
  }
}
