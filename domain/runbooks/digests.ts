import { createHash } from 'node:crypto';
import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { inOrder } from '../inOrder.ts';

const sha256 = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(inOrder(value)))
    .digest('hex');

/** Names what a version says, whichever way its keys are written. */
export const digestOf = (definition: RunbookDefinition): string => sha256(definition);

/** What approvals are given to: this version with these inputs, in earnest or in practice, and from where on. */
export const boundTo = (execution: {
  runbook: string;
  version: number;
  digest: string;
  inputs: unknown;
  practice: boolean;
  startAt: string | null;
}): string => {
  const { runbook, version, digest, inputs, practice, startAt } = execution;
  return sha256({ runbook, version, digest, inputs, practice, startAt });
};
