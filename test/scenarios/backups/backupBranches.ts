import type { Branches } from '../platformBranches.ts';

/** Which scenario walks each branch of the workflows of backups; see `workflowBranches.test.ts`. */
export const backupBranches: Branches = {
  'tenant/backupTenant.ts': [
    ['} catch (error) {', 'backups/backupTenant', 'leaves nothing when it cannot be read again'],
    ['} catch (failure) {', 'backups/backupTenant', 'that can be neither made nor removed says so'],
    ["if (outcome === 'cancelled')", 'backups/backupTenant', 'is taken back when it is cancelled'],
  ],
  'tenant/recoverTenant.ts': [
    ['} catch (error) {', 'recovery/recoverTenant', 'stops at a damaged log'],
    ['for (const [provider, undo] of [', 'recovery/recoverTenant', 'stops at a damaged log'],
    ['} catch (failure) {', 'recovery/recoverTenant', 'what cannot be removed is told'],
    ["if (outcome === 'cancelled')", 'recovery/recoverTenant', 'is taken back when it is cancelled'],
  ],
  'tenant/verifyBackup.ts': [
    ['} catch (error) {', 'backups/backupTenant', 'a broken one counts no more'],
    ["if (outcome === 'cancelled')", 'backups/backupTenant', 'whose reading is cancelled is not judged'],
    ["if (outcome !== 'succeeded')", 'backups/backupTenant', 'a broken one counts no more'],
    ['refusal?.text ??', null, 'what is no success has a refusal'],
  ],
  'fleet/backupFleet.ts': [],
  'fleet/refillFleet.ts': [],
  'lib/turns.ts': [
    ['cancelRequested.catch', 'backups/backupFleet', 'open with their window'],
    ['for (let turn = 0', 'backups/backupFleet', 'are made of every tenant by one run'],
    ['if (isOver)', 'backups/backupFleet', 'are made of every tenant by one run'],
    ['if (waitMs !== undefined)', 'fleet/migrateFleet', 'leaves a tenant that another run is changing'],
  ],
  'fleet/drillFleet.ts': [],
  'lib/fixedSteps.ts': [['} catch (error) {', 'backups/backupTenant', 'leaves nothing when it cannot be read again']],
};
