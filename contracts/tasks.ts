import { z } from 'zod';

/** Why a person is asked for. */
export const taskKinds = [
  'attention',
  'parked',
  'cluster_lost',
  'workflow_stuck',
  'drift',
  'orphans',
  'delivery_refused',
  'approval',
  'support_access',
  'onboarding_overdue',
  'sign_up',
  'secrets_handed_out',
  'payment_waiting',
  'renewal_stranded',
  'backups_missed',
  'backup_broken',
  'platform_backup',
  'server_backup',
  'archive_broken',
  'restore_not_begun',
  'drill_failed',
  'drill_overdue',
  'replication',
  'practice_overdue',
] as const;
export const TaskKind = z.enum(taskKinds);
export type TaskKind = z.infer<typeof TaskKind>;

/** What happens by itself, and nobody is asked for, but may want to hear of. */
export const noticeKinds = ['license_reminder', 'license_expired', 'license_renewed', 'renewal_failed'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** Everything that somebody can be told of. */
export const NotificationKind = z.enum([...taskKinds, ...noticeKinds]);
export type NotificationKind = z.infer<typeof NotificationKind>;

export const TaskState = z.enum(['open', 'done']);
export type TaskState = z.infer<typeof TaskState>;

/** One thing that is left: what it is, the system and the name by which it is found there, and why it is still there. */
export const LeftThing = z.object({ title: z.string(), where: z.string(), why: z.string() });
export type LeftThing = z.infer<typeof LeftThing>;

export const Task = z.object({
  id: z.uuid(),
  kind: TaskKind,
  state: TaskState,
  title: z.string(),
  reasonCode: z.string(),
  reason: z.string(),
  left: z.array(LeftThing),
  runId: z.uuid().nullable(),
  tenantId: z.uuid().nullable(),
  subjectId: z
    .uuid()
    .nullable()
    .describe('The approval, the support access or the sign-up that it is about, by its kind'),
  tenant: z.object({ name: z.string(), slug: z.string().nullable(), plan: z.string() }).nullable(),
  assignee: z.object({ id: z.uuid(), email: z.string() }).nullable(),
  openedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
  closedBy: z.string().nullable().describe('Null when the task closed by itself'),
  note: z.string().nullable(),
  may: z.object({ close: z.boolean() }),
});
export type Task = z.infer<typeof Task>;

export const TaskQuery = z.strictObject({
  state: TaskState.optional(),
  kind: TaskKind.optional(),
  tenantId: z.uuid().optional(),
  runId: z.uuid().optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const TaskPage = z.object({ items: z.array(Task), nextCursor: z.string().nullable() });
export type TaskPage = z.infer<typeof TaskPage>;

export const TaskAssignment = z.strictObject({
  assignee: z.union([z.uuid(), z.literal('me'), z.null()]).describe('A user, whoever asks, or nobody'),
});

export const TaskClosing = z.strictObject({ note: z.string().trim().min(1).max(2000) });

export const channels = ['mail', 'webhook'] as const;
export const Channel = z.enum(channels);
export type Channel = z.infer<typeof Channel>;

const title = z.string().trim().min(1).max(120);
const kinds = z.array(NotificationKind).min(1, 'must name at least one kind').max(30);

/** Absolute, http(s), and without credentials: those belong into the signature. */
const WebhookUrl = z
  .url({ protocol: /^https?$/, error: 'must be an absolute http(s) address' })
  .max(2000)
  .refine((url) => {
    const parsed = URL.parse(url);
    return parsed?.username === '' && parsed.password === '';
  }, 'must not carry credentials');

const addresses = { mail: z.email('must be a mail address').max(254), webhook: WebhookUrl };

export const NewNotificationTarget = z
  .strictObject({
    channel: Channel,
    title,
    address: z.string().max(2000).describe('A mail address, or an http(s) address, by the channel'),
    kinds,
  })
  .superRefine(({ channel, address }, check) => {
    const { error } = addresses[channel].safeParse(address);
    if (error)
      check.addIssue({ code: 'custom', path: ['address'], message: error.issues[0]?.message ?? 'is not valid' });
  });
export type NewNotificationTarget = z.infer<typeof NewNotificationTarget>;

export const NotificationTargetChange = z.strictObject({
  title: title.optional(),
  kinds: kinds.optional(),
  enabled: z.boolean().optional(),
});

/** One attempt to tell: how often it was tried, and why it did not arrive. */
export const Notification = z.object({
  id: z.uuid().describe('The `webhook-id`, the same in every attempt'),
  taskId: z.uuid().nullable().describe('Null for a notice, and for a test'),
  notice: z.enum(noticeKinds).nullable().describe('Null for a task, and for a test'),
  state: z.enum(['waiting', 'sent', 'dead']),
  attempts: z.number().int(),
  nextAttemptAt: z.iso.datetime().nullable(),
  lastError: z.string().nullable(),
  createdAt: z.iso.datetime(),
  sentAt: z.iso.datetime().nullable(),
});
export type Notification = z.infer<typeof Notification>;

export const NotificationTarget = z.object({
  id: z.uuid(),
  title: z.string(),
  channel: Channel,
  address: z.string(),
  kinds: z.array(NotificationKind),
  enabled: z.boolean(),
  createdAt: z.iso.datetime(),
  waiting: z.number().int(),
  dead: z.number().int().describe('Given up; nobody was told'),
  recent: z.array(Notification).describe('The newest five'),
});
export type NotificationTarget = z.infer<typeof NotificationTarget>;

export const NotificationTargetList = z.object({ items: z.array(NotificationTarget) });

export const NotificationTargetCreated = z.object({
  target: NotificationTarget,
  secret: z.string().nullable().describe('What webhooks are verified with (Standard Webhooks); shown this once'),
});
export type NotificationTargetCreated = z.infer<typeof NotificationTargetCreated>;
