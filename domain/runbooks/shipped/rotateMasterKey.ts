import { draftOf, from, notInPractice } from './draft.ts';

/** The key that the registry is opened with. Nobody but who keeps it ever sees it: steps hold only its id. */
export const rotateMasterKey = draftOf({
  title: 'Rotate the master key',
  summary:
    'A new master key is offered beside the present one; every process is restarted with it, while either opens the registry; then it is the only one. In practice the control plane is backed up, and the worker shows that its key is in force.',
  exclusive: 'runbook',
  steps: [
    {
      ...{ kind: 'action', id: 'before', title: 'No other key is offered', action: 'master-key.check' },
      params: { isOffered: false },
      budgetSeconds: 5,
    },
    {
      ...{ kind: 'workflow', id: 'back-up', title: 'Back up the control plane', workflow: 'backupPlatform' },
    },
    {
      ...{ kind: 'manual', id: 'offer', title: 'Offer a new key', role: 'Keeper of the master key', ...notInPractice },
      instructions:
        'On a machine that has the present key ({{steps.before.current}}):\n\n```sh\nnpm run tenantry -- master-key offer --new-key FILE   # made there when there is none; --install for the key of `npm start`\n```\n\nKeep FILE where neither the backups nor the machine are. The key itself belongs in no note here.',
      undo: {
        kind: 'manual',
        instructions:
          'Give every process that was restarted with the new key the old one again and restart it. Then: `npm run tenantry -- master-key withdraw`.',
      },
    },
    {
      ...{ kind: 'action', id: 'offered', title: 'Both keys open the registry', action: 'master-key.check' },
      params: { isOffered: true, current: from('steps.before.current') },
      budgetSeconds: 5,
      ...notInPractice,
    },
    {
      ...{ kind: 'manual', id: 'restart', title: 'Restart every process with the new key', role: 'Operator' },
      instructions:
        'Every api and every worker, one after the other, with the key **{{steps.offered.next}}** (TENANTRY_MASTER_KEY or TENANTRY_MASTER_KEY_FILE). Each must be ready before the next one is stopped.',
      ...notInPractice,
    },
    {
      ...{
        kind: 'action',
        id: 'settle',
        title: 'Make it the only one',
        action: 'master-key.settle',
        budgetSeconds: 10,
      },
      instructions: 'Stops here while the worker that does it still has the old key: restart it, and try again.',
    },
    {
      ...{ kind: 'action', id: 'settled', title: 'The new key is in force', action: 'master-key.check' },
      params: { isOffered: false, current: from('steps.offered.next') },
      budgetSeconds: 5,
      ...notInPractice,
    },
    {
      ...{ kind: 'workflow', id: 'back-up-again', title: 'Back up the control plane under it' },
      ...{ workflow: 'backupPlatform', ...notInPractice },
    },
    {
      ...{
        kind: 'manual',
        id: 'keep',
        title: 'Keep the old key as long as its backups',
        role: 'Keeper of the master key',
      },
      instructions: 'Backups of the control plane from before need the old key: throw it away with the last of them.',
      ...notInPractice,
    },
  ],
});
