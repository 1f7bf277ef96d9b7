import { CancellationScope, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DrillActivities } from '#activities/backups/drillTenant.ts';
import type { PlannedStep, RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { AT_LENGTH, REPORT, UNDO } from '../lib/policies.ts';
import { saga } from '../lib/saga.ts';

const ledger = proxyLocalActivities<DrillActivities>(REPORT);

/** Restores a backup into a throw-away database, proves it, and leaves nothing. The tenant itself is not touched. */
export async function drillTenant(run: RunInput): Promise<void> {
  const [restore, prove, clear] = run.steps as [PlannedStep, PlannedStep, PlannedStep];
  const patient = proxyActivities<DrillActivities>(AT_LENGTH(run.actAttempts));
  const removing = proxyActivities<DrillActivities>(UNDO(run.undoPatienceSeconds));
  const undo = () => removing['drill.destroy'](inputOf(run, restore, 'undo'));
  await saga(run, async (step) => {
    await step(restore, () => patient['drill.ensure'](inputOf(run, restore, 'act')), undo);
    await step(prove, () => patient['drill.check'](inputOf(run, prove, 'act')), null);
    await CancellationScope.nonCancellable(async () => {
      await step(clear, () => removing['drill.destroy'](inputOf(run, clear, 'act')), null);
      await ledger['drill.closeProven']({ runId: run.runId, tenantId: run.tenantId, epoch: run.epoch });
    });
  });
}

const inputOf = ({ runId, tenantId, epoch }: RunInput, planned: PlannedStep, intent: 'act' | 'undo'): StepInput => ({
  runId,
  tenantId,
  epoch,
  stepId: planned.id,
  resourceId: null,
  intent,
});
