import { listRuns } from '../routes/runs/listRuns.ts';
import { readRun } from '../routes/runs/readRun.ts';
import { followRun } from '../routes/runs/followRun.ts';
import { cancelRun } from '../routes/runs/cancelRun.ts';
import { tryRunAgain } from '../routes/runs/tryRunAgain.ts';
import { finishRunRollback } from '../routes/runs/finishRunRollback.ts';
import { pauseRun } from '../routes/runs/pauseRun.ts';
import { resumeRun } from '../routes/runs/resumeRun.ts';
import { decideRun } from '../routes/runs/decideRun.ts';
import { decideParkedRuns } from '../routes/runs/decideParkedRuns.ts';
import { setRunBreakpoint } from '../routes/runs/setRunBreakpoint.ts';
import { readStepInput } from '../routes/runs/readStepInput.ts';
import { listTasks } from '../routes/tasks/listTasks.ts';
import { readTask } from '../routes/tasks/readTask.ts';
import { assignTask } from '../routes/tasks/assignTask.ts';
import { closeTask } from '../routes/tasks/closeTask.ts';
import { listDriftFindings } from '../routes/drift/listDriftFindings.ts';
import { startDriftCheck } from '../routes/drift/startDriftCheck.ts';
import { repairDriftFinding } from '../routes/drift/repairDriftFinding.ts';
import { acceptDriftFinding } from '../routes/drift/acceptDriftFinding.ts';
import { listOrphans } from '../routes/orphans/listOrphans.ts';
import { startOrphanSweep } from '../routes/orphans/startOrphanSweep.ts';
import { removeOrphan } from '../routes/orphans/removeOrphan.ts';
import { acceptOrphan } from '../routes/orphans/acceptOrphan.ts';
import { unlockOrphans } from '../routes/orphans/unlockOrphans.ts';

/** What is under way, and what wants a person. */
export const runsRoutes = {
  listRuns,
  readRun,
  followRun,
  cancelRun,
  tryRunAgain,
  finishRunRollback,
  pauseRun,
  resumeRun,
  decideRun,
  decideParkedRuns,
  setRunBreakpoint,
  readStepInput,
  listTasks,
  readTask,
  assignTask,
  closeTask,
  listDriftFindings,
  startDriftCheck,
  repairDriftFinding,
  acceptDriftFinding,
  listOrphans,
  startOrphanSweep,
  removeOrphan,
  acceptOrphan,
  unlockOrphans,
};
