import type { RunQueue } from '#contracts/workflowInputs.ts';

/** The task queue of Temporal that serves a run. */
export const taskQueueOf = (base: string, queue: RunQueue): string => (queue === 'bulk' ? `${base}-bulk` : base);
