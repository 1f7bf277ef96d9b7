import { DomainError } from '#contracts/errors.ts';
import { markFailed, markSent, type DueNotification } from '#domain/notifications/outbox.ts';
import { addressOf, secretOf } from '#domain/notifications/targets.ts';
import { signWebhook } from '#domain/secrets/standardWebhooks.ts';
import { countNotification } from '#observability/metrics.ts';
import { guardedFetch, NoAnswer, retryAfterMs } from '#providers/http/guardedFetch.ts';
import { ProviderError } from '#providers/provider.ts';
import { messageOf } from './message.ts';
import type { Notified } from './notifier.ts';

const webhookTimeoutMs = 15_000;

/** Why somebody was not told, without the address. */
class NotTold extends Error {
  readonly forGood: boolean;
  readonly afterMs: number | null;

  constructor(why: string, { forGood = false, afterMs = null }: { forGood?: boolean; afterMs?: number | null } = {}) {
    super(why);
    this.forGood = forGood;
    this.afterMs = afterMs;
  }
}

/** Told at least once: a process that dies between sending and noting it sends again, under the same id. */
export async function sendNotification(notified: Notified, notification: DueNotification): Promise<void> {
  const { platform, logger } = notified;
  const { channel } = notification.target;
  const em = platform.registry.em.fork();
  try {
    await (channel === 'mail' ? sendMail(notified, notification) : sendWebhook(notified, notification));
    await markSent(em, notification.id);
    countNotification(channel, 'sent');
  } catch (error) {
    const told =
      error instanceof NotTold ? error : new NotTold('It could not be sent; the log of the worker tells more.');
    const outcome = await markFailed(em, notification, { ...told, why: told.message });
    countNotification(channel, outcome);
    logger.warn({ err: error, notificationId: notification.id, outcome }, 'a notification was not delivered');
  }
}

async function sendMail({ platform, mail }: Notified, notification: DueNotification): Promise<void> {
  const { id, target } = notification;
  const { subject, text } = messageOf(notification, platform.configuration.publicUrl);
  try {
    await mail.send({
      id,
      to: addressOf(platform.installation.keyring, target),
      subject: `Tenantry: ${subject}`,
      text,
    });
  } catch (error) {
    if (error instanceof DomainError) throw new NotTold(error.publicMessage, { forGood: true });
    if (error instanceof ProviderError) throw new NotTold(error.message);
    throw error;
  }
}

async function sendWebhook({ platform }: Notified, notification: DueNotification): Promise<void> {
  const { id, target, createdAt } = notification;
  const { keyring } = platform.installation;
  const { publicUrl, webhooksToPrivateNetworks } = platform.configuration;
  if (!target.sealed_secret) throw new Error('a webhook without a secret');
  const { type, data } = messageOf(notification, publicUrl);
  const body = JSON.stringify({ type, timestamp: createdAt, data });
  const secret = secretOf(keyring, { id: target.id, sealed_secret: target.sealed_secret });
  const { status, headers } = await guardedFetch(
    {
      url: addressOf(keyring, target),
      headers: { 'content-type': 'application/json', ...signWebhook([secret], { id, body }) },
      body,
      timeoutMs: webhookTimeoutMs,
    },
    { toPrivateNetworks: webhooksToPrivateNetworks },
  ).catch((error: unknown) => {
    if (error instanceof NoAnswer) throw new NotTold(whyNot[error.why]);
    throw error;
  });
  if (status >= 200 && status < 300) return;
  // 410: whoever listened there listens no more (Standard Webhooks 1.0).
  throw new NotTold(`The address answered ${status}.`, { forGood: status === 410, afterMs: retryAfterMs(headers) });
}

const whyNot: Record<NoAnswer['why'], string> = {
  address_forbidden: 'The address lies in a private network; TENANTRY_WEBHOOKS_TO_PRIVATE_NETWORKS permits that.',
  name_unknown: 'The name of the address is not known.',
  unreachable: 'Nobody answers at the address.',
  timeout: 'The address did not answer in time.',
  answer_too_large: 'The address answered more than is read.',
};
