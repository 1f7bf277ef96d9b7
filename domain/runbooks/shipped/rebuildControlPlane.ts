import type { RunbookDraft } from '#contracts/runbooks/runbooks.ts';

const from = (path: string): { $from: string } => ({ $from: path });
const input = (name: string, title: string, help: string) => ({
  ...{ name, title, help, type: 'text' as const, choices: [], required: false, default: null },
});

/** Registry and Temporal are both lost. Carried out by `tenantry recover`, since nothing else is left that could. */
export const rebuildControlPlane: RunbookDraft = {
  title: 'Rebuild the control plane',
  summary:
    'The registry and Temporal are both lost. The registry is restored from its newest backup, runs go on in the cluster that answers then, and what was made after the backup is found by its ownership tags and becomes a task: nothing is executed twice, and nothing is removed.',
  budgetSeconds: 4 * 3_600,
  exclusive: 'runbook',
  inputs: [
    input('from', 'Where backups lie', 'A folder or s3://bucket/prefix; nothing: TENANTRY_BACKUP_PLACE'),
    input('master-key-file', 'The file of the master key', 'The one that was kept elsewhere; nothing: as configured'),
    input('backup', 'Which backup', 'Nothing: the newest'),
  ],
  steps: [
    {
      ...{
        kind: 'manual',
        id: 'fence',
        title: 'Stop what is left of the old one',
        role: 'Operator',
        practice: 'skipped',
      },
      ...{ skippable: false, budgetSeconds: 600 },
      instructions:
        'Every api, every worker and the old Temporal, and whatever would start them again. Two control planes with the same tenants would undo each other.',
    },
    {
      ...{ kind: 'action', id: 'restore', title: 'Restore the registry', action: 'registry.restore', skippable: true },
      params: {
        from: from('inputs.from'),
        masterKeyFile: from('inputs.master-key-file'),
        backup: from('inputs.backup'),
      },
      budgetSeconds: 1_800,
    },
    {
      ...{ kind: 'manual', id: 'start', title: 'Start it', role: 'Operator', budgetSeconds: 600, practice: 'skipped' },
      instructions:
        'Start api and workers, with a Temporal that may be empty. Nothing is begun in it before the next step.',
    },
    {
      ...{ kind: 'action', id: 'reconcile', title: 'Let runs go on', action: 'runs.reconcile', budgetSeconds: 900 },
    },
    {
      ...{ kind: 'action', id: 'sweep', title: 'Find what is newer than the backup', action: 'registry.sweep' },
      budgetSeconds: 1_800,
    },
    {
      ...{ kind: 'manual', id: 'judge', title: 'Judge what the registry does not know', practice: 'skipped' },
      instructions:
        '{{steps.sweep.unknown}} things carry our tag and are not known: _Findings_ lists them, and a task asks for you. They may be somebody’s only data. Removals stay locked until you unlock them there.',
    },
  ],
};
