/** By workflow: what the line holds, the test file, what the scenario's title holds; without a file, why no run can meet it. */
export type Branches = Record<string, [code: string, file: string | null, titleOrReason: string][]>;

/** What the platform does for itself. */
export const platformBranches: Branches = {
  'platform/applyRetention.ts': [
    ['for (let batch = 0;', 'retention', 'goes in batches'],
    [
      'if (batch === batchesInHistory)',
      null,
      'a hundred thousand rows; what it continues with is the run, as in every batch',
    ],
  ],
  'tenant/restoreTenant.ts': [['for (const planned of', 'backups/restoreTenant', 'in place is what it was']],
  'platform/executeRunbook.ts': [
    ['for (let turn = 0;', 'runbooks/executeRunbook', 'goes step by step and side by side'],
    ['for (const id of next.dropped)', 'runbooks/executeRunbook', 'leaves what it is at when it is cancelled'],
    ['if (next.isOver', 'runbooks/executeRunbook', 'goes step by step and side by side'],
    ['for (const deed of next.deeds)', 'runbooks/executeRunbook', 'goes step by step and side by side'],
    ['if (!underWay.has(deed.id)', 'runbooks/executeRunbook', 'goes step by step and side by side'],
    ['next.wakeAt === null ?', 'runbooks/executeRunbook', 'goes step by step and side by side'],
    ['if (deed.taskQueue)', 'runbooks/customSteps', 'its answer reaches the steps after it'],
    ['cancelRequested.catch(', 'runbooks/executeRunbook', 'leaves what it is at when it is cancelled'],
    ['? { ...AT_LENGTH(1)', 'runbooks/executeRunbook', 'takes back what it did'],
    ['} catch (error) {', 'runbooks/executeRunbook', 'takes back what it did'],
    ['if (!call)', null, 'an answer that was written and lost: the step is done already'],
    ["const patience = deed.verb === 'undo' ?", 'runbooks/customSteps', 'taken back when a later step'],
    ['const overAt = patience.totalMs === null ?', 'runbooks/customSteps', 'taken back when a later step'],
    ['for (let attempt = 1;', 'runbooks/customSteps', 'is asked again when its worker stumbles'],
  ],
  'platform/backupPlatform.ts': [
    ['} catch (error) {', 'backups/backupPlatform', 'that cannot be written asks for a person'],
  ],
};
