import type { NoticeKind } from '#contracts/tasks.ts';
import type { DueNotification } from '#domain/notifications/outbox.ts';
import type { Notice } from '#domain/notifications/queueNotifications.ts';

/** What somebody is told, as a mail and as a webhook: ids, times and codes, no names of people or customers. */
interface Message {
  subject: string;
  text: string;
  /** `task.opened`, `license.reminder`, …: what a webhook's receiver chooses by. */
  type: string;
  data: object;
}

export function messageOf({ task, notice }: Pick<DueNotification, 'task' | 'notice'>, publicUrl: string): Message {
  if (notice) return messageOfNotice(notice, publicUrl);
  if (!task)
    return {
      subject: 'a test',
      text: ['This is a test: messages of this Tenantry arrive here.', '', publicUrl, ''].join('\n'),
      type: 'test',
      data: { url: publicUrl },
    };
  const { id: taskId, kind, title, runId, tenantId } = task;
  const url = `${publicUrl}/tasks/${taskId}`;
  return {
    subject: title,
    text: [
      `${title}.`,
      '',
      ...(tenantId ? [`Tenant: ${tenantId}`] : []),
      ...(runId ? [`Run: ${runId}`] : []),
      `What to do: ${url}`,
      '',
    ].join('\n'),
    type: 'task.opened',
    data: { taskId, kind, title, runId, tenantId, url },
  };
}

const titles: Record<NoticeKind, (notice: Notice) => string> = {
  license_reminder: ({ days }) => (Number(days) < 0 ? 'A licence ends soon' : 'A licence that ended was not renewed'),
  license_expired: () => 'A licence has ended',
  license_renewed: () => 'A licence was renewed',
  renewal_failed: () => 'A licence was not renewed',
};

const types: Record<NoticeKind, string> = {
  license_reminder: 'license.reminder',
  license_expired: 'license.expired',
  license_renewed: 'license.renewed',
  renewal_failed: 'renewal.failed',
};

function messageOfNotice(notice: Notice, publicUrl: string): Message {
  const { kind, tenantId, licenseId, product, endsAt, ...more } = notice;
  const url = `${publicUrl}/licenses/${licenseId}`;
  const title = titles[kind](notice);
  return {
    subject: title,
    text: [`${title}.`, '', `Product: ${product}`, `Tenant: ${tenantId}`, `End: ${endsAt}`, `Look: ${url}`, ''].join(
      '\n',
    ),
    type: types[kind],
    data: { tenantId, licenseId, product, endsAt, ...more, url },
  };
}
