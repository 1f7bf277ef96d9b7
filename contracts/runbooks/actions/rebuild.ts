import { z } from 'zod';
import { describeAction } from '../actions.ts';

const seconds = z.number().int().min(1).max(86_400).default(900).describe('How long somebody is waited for who carries it out'); // prettier-ignore

export const rebuildActions = {
  restoreRegistry: describeAction({
    name: 'registry.restore',
    title: 'Restore the registry from a backup of the control plane',
    description:
      'Makes an empty installation what the control plane was; who was erased since is forgotten again, and removals are locked. Only `tenantry recover` does it. In practice the newest backup is read, all of it.',
    params: z.strictObject({
      from: z.string().max(1000).nullish().describe('A folder or s3://bucket/prefix; nothing: TENANTRY_BACKUP_PLACE'),
      masterKeyFile: z
        .string()
        .max(1000)
        .nullish()
        .describe('Of the key that was kept elsewhere; nothing: as configured'),
      backup: z.string().max(64).nullish().describe('Nothing: the newest'),
    }),
    tells: { whole: 'boolean' },
    practice: 'instead',
    hasUndo: false,
  }),
  reconcileRuns: describeAction({
    name: 'runs.reconcile',
    title: 'Let runs of a lost Temporal cluster go on',
    description:
      'Confirms the cluster that answers now: runs that were started in the lost one go forward again from the ledger, none of them twice, or are finished. Nothing where no run is open elsewhere.',
    params: z.strictObject({ seconds }),
    tells: { restarted: 'number', finished: 'number' },
    practice: 'instead',
    hasUndo: false,
  }),
  sweepRegistry: describeAction({
    name: 'registry.sweep',
    title: 'Compare the registry with what carries our tag, both ways',
    description:
      'What the registry has forgotten becomes findings, and a task that asks a person. Nothing is removed, and nothing can be until somebody unlocks it.',
    params: z.strictObject({ seconds }),
    tells: { runId: 'text', unknown: 'number', locked: 'boolean' },
    practice: 'same',
    hasUndo: false,
  }),
};
