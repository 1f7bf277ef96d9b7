import { draftOf, notInPractice } from './draft.ts';

const health = (id: string, title: string, untilSeconds: number): object => ({
  ...{ kind: 'http', id, title, url: '{{inputs.health-url}}', untilSeconds },
});

/** A version goes live, or the one before it is live again. */
export const deployAndRollBack = draftOf({
  title: 'Deploy, and roll back',
  summary:
    'A new version is deployed while nothing is provisioned, after the control plane was backed up. Stopping at any step takes back what was done, the deployment included. In practice the version that is live is looked at, and the control plane is backed up.',
  budgetSeconds: 3_600,
  exclusive: 'runbook',
  inputs: [
    { name: 'version', title: 'Version to deploy', type: 'text', default: 'the next one' },
    { name: 'present', title: 'Version that is live', type: 'text', default: 'the present one' },
    {
      ...{ name: 'health-url', title: 'Address that answers 200 when it is ready', type: 'text' },
      help: 'Of Tenantry itself: https://…/health/ready',
    },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'at-rest', title: 'No migration of the fleet is under way', budgetSeconds: 5 },
      query: `select id from runs where kind = 'migrateFleet' and finished_at is null limit 1`,
      expect: { rows: { atMost: 0 } },
    },
    health('ready-before', 'The present version is ready', 0),
    {
      ...{ kind: 'workflow', id: 'back-up', title: 'Back up the control plane', workflow: 'backupPlatform' },
    },
    {
      ...{ kind: 'action', id: 'hold', title: 'Pause provisioning', action: 'provisioning.pause', budgetSeconds: 5 },
      params: { reason: 'A deployment is under way' },
      undo: { kind: 'own' },
    },
    {
      ...{
        kind: 'manual',
        id: 'deploy',
        title: 'Deploy {{inputs.version}}',
        role: 'Release manager',
        ...notInPractice,
      },
      instructions:
        'Deploy **{{inputs.version}}**, workers first, one process after the other. Migrations go forward only; each version reads what the one before it wrote.',
      budgetSeconds: 900,
      undo: {
        kind: 'manual',
        instructions:
          'Deploy **{{inputs.present}}** again, one process after the other. Leave the database as it is: migrations are not taken back.',
      },
    },
    health('ready', 'The new version is ready', 300),
    {
      ...{
        kind: 'manual',
        id: 'look',
        title: 'Look at errors and latency',
        role: 'Engineer on call',
        ...notInPractice,
      },
      instructions: 'Compare with the hour before. Say that it failed where they are worse: then stop, to roll back.',
      budgetSeconds: 900,
    },
    { kind: 'action', id: 'resume', title: 'Resume provisioning', action: 'provisioning.resume', budgetSeconds: 5 },
    { kind: 'workflow', id: 'compare', title: 'Compare with the registry', workflow: 'checkDrift' },
  ],
});
