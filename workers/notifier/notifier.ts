import type { Platform } from '#domain/platform.ts';
import { takeDue } from '#domain/notifications/outbox.ts';
import type { Logger } from '#observability/logging.ts';
import type { MailSender } from '#providers/mail/mailSender.ts';
import { sendNotification } from './sendNotification.ts';

const everyMs = 1_000;
const atOnce = 10;

export interface Notified {
  platform: Platform;
  mail: MailSender;
  logger: Logger;
}

/** Sends what the outbox holds. Every worker runs one; each message is taken by one of them at a time. */
export function startNotifier(notified: Notified): { stop(): Promise<void> } {
  let stopped = false;
  let wake: (() => void) | null = null;

  const loop = async () => {
    while (!stopped) {
      try {
        const due = await takeDue(notified.platform.registry.em.fork(), atOnce);
        await Promise.all(due.map((notification) => sendNotification(notified, notification)));
        if (due.length === atOnce) continue;
      } catch (error) {
        notified.logger.warn({ err: error }, 'notifications could not be sent; they will be tried again');
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
