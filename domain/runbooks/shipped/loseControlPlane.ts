import { draftOf, notInPractice } from './draft.ts';

/**
 * What the control plane runs on is lost. By hand until it is back; what comes after `start` is carried out by the control plane that was
 * restored: an execution begins there at `known`, and says why.
 */
export const loseControlPlane = draftOf({
  title: 'Lose the control plane',
  summary:
    'The registry is lost, with or without Temporal and the data stores. Until the step "The registry is there" this is a list to be followed by hand, so print it: there is nothing left that could carry it out. Start it in the restored control plane, at that step. In practice the newest backup is looked for, a new one is written, and every byte of it is read again.',
  budgetSeconds: 4 * 3_600,
  exclusive: 'runbook',
  steps: [
    {
      ...{ kind: 'manual', id: 'fence', title: 'Stop what is left of the old one', role: 'Operator', ...notInPractice },
      instructions:
        'Every api and every worker, and whatever would start them again. Two control planes with the same tenants would undo each other.',
      budgetSeconds: 600,
    },
    {
      ...{ kind: 'manual', id: 'find', title: 'Find backups and master key', role: 'Keeper of the master key' },
      instructions:
        'The place where backups lie (a folder, or s3://bucket/prefix), and the master key that was kept elsewhere. A backup from before a rotation of the key needs the key of then.',
      budgetSeconds: 900,
      practice: {
        instead: {
          ...{ kind: 'sql', id: 'find', title: 'There is a backup that was read again' },
          query: `select id from platform_backups where state = 'proven' and proven_at > now() - interval '2 days' order by at desc limit 1`,
          expect: { rows: { atLeast: 1 } },
        },
      },
    },
    {
      ...{ kind: 'manual', id: 'restore', title: 'Restore the control plane', role: 'Operator', budgetSeconds: 1_800 },
      instructions:
        'On the new machine, with an empty data folder or an empty server:\n\n```sh\nnpm run tenantry -- restore platform --from PLACE --master-key FILE   # --backup ID for another than the newest\n```\n\nIt may be broken off and run again. Whoever was erased since is forgotten again.',
      practice: {
        instead: {
          ...{ kind: 'workflow', id: 'restore', title: 'Write a backup, and read all of it again' },
          workflow: 'backupPlatform',
        },
      },
    },
    {
      ...{ kind: 'manual', id: 'start', title: 'Start it', role: 'Operator', budgetSeconds: 600, ...notInPractice },
      instructions:
        'Start api and workers. Where the cluster of Temporal is lost too, an owner confirms the new one (_Settings → Platform_): runs that were under way are then finished or rolled back from the ledger, none twice. Start this runbook there, at the next step.',
    },
    {
      ...{ kind: 'sql', id: 'known', title: 'The registry is there', budgetSeconds: 5 },
      query: 'select count(*)::int as tenants from tenants',
      expect: { rows: { atLeast: 1 } },
      tells: ['tenants'],
    },
    {
      ...{ kind: 'manual', id: 'refill', title: 'Fill the tenants whose data is lost', role: 'Operator' },
      instructions:
        "Only where data stores were lost: `npm run tenantry -- restore tenants`, or _Settings → Control plane's backups → Fill what was lost_. What is there is never replaced.",
      ...notInPractice,
    },
    { kind: 'workflow', id: 'compare', title: 'Compare with the registry', workflow: 'checkDrift' },
    {
      ...{ kind: 'manual', id: 'judge', title: 'Judge what was made after the backup', role: 'Operator' },
      instructions:
        'Tenants that were made after the backup are orphans now, and the sweep is locked until somebody unlocked it: look at each under _Findings_ before. What cannot be known is there as a task.',
      ...notInPractice,
    },
    {
      ...{ kind: 'workflow', id: 'back-up', title: 'Back up the control plane again', workflow: 'backupPlatform' },
      ...notInPractice,
    },
    {
      ...{ kind: 'manual', id: 'tell', title: 'Tell the customers', role: 'Communications', ...notInPractice },
      message:
        'Our administration was away and is back. Your application ran on meanwhile. Changes to your account from the last hours before may have to be made again; whoever is concerned hears from us.',
    },
  ],
});
