import type { Sql } from '#domain/database.ts';
import { noteHowMailsGo, takeDueMails } from '#domain/mails/outbox.ts';
import { takeDue } from '#domain/notifications/outbox.ts';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';
import type { MailSender } from '#providers/mail/mailSender.ts';
import { sendMail } from './sendMail.ts';
import { sendNotification } from './sendNotification.ts';

const everyMs = 1_000;
const atOnce = 10;

export interface Notified {
  platform: Platform;
  mail: MailSender;
  logger: Logger;
}

/** Sends what the outboxes hold. Every worker runs one; each message is taken by one of them at a time. */
export function startNotifier(notified: Notified): { stop(): Promise<void> } {
  const { platform } = notified;
  const { keyring } = platform.installation;
  const loops = [
    emptying(notified, takeDue, sendNotification),
    emptying(
      notified,
      (em, count) => takeDueMails(em, keyring, count),
      sendMail,
      (em) => noteHowMailsGo(em, platform.configuration.smtpUrl !== null),
    ),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** Takes and sends until stopped; one outbox does not wait for the other. */
function emptying<Due>(
  notified: Notified,
  take: (em: Sql, count: number) => Promise<Due[]>,
  send: (notified: Notified, due: Due) => Promise<void>,
  begin: (em: Sql) => Promise<unknown> = async () => undefined,
): { stop(): Promise<void> } {
  const { platform, logger } = notified;
  let stopped = false;
  let hasBegun = false;
  let wake: (() => void) | null = null;

  const loop = async () => {
    while (!stopped) {
      try {
        const em = platform.registry.em.fork();
        if (!hasBegun) await begin(em);
        hasBegun = true;
        const due = await take(em, atOnce);
        await Promise.all(due.map((one) => send(notified, one)));
        if (due.length === atOnce) continue;
      } catch (error) {
        logger.warn({ err: error }, 'messages could not be sent; they will be tried again');
      }
      if (stopped) return;
      await new Promise<void>((resume) => {
        wake = resume;
        setTimeout(resume, everyMs).unref();
      });
    }
  };
  const running = loop();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}
