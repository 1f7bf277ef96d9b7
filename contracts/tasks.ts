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
] as const;
export const TaskKind = z.enum(taskKinds);
export type TaskKind = z.infer<typeof TaskKind>;

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
  tenant: z.object({ name: z.string(), slug: z.string().nullable() }).nullable(),
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
