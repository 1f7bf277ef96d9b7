import { checkRunbook } from '../routes/runbooks/checkRunbook.ts';
import { createRunbookVersion } from '../routes/runbooks/createRunbookVersion.ts';
import { diffRunbookVersions } from '../routes/runbooks/diffRunbookVersions.ts';
import { listRunbooks } from '../routes/runbooks/listRunbooks.ts';
import { practiseRunbook } from '../routes/runbooks/practiseRunbook.ts';
import { readRunbook } from '../routes/runbooks/readRunbook.ts';
import { readRunbookCatalogue } from '../routes/runbooks/readRunbookCatalogue.ts';
import { readRunbookVersion } from '../routes/runbooks/readRunbookVersion.ts';
import { startRunbook } from '../routes/runbooks/startRunbook.ts';
import { listRunbookPractice } from '../routes/runbookPractice/listRunbookPractice.ts';
import { updateRunbookPractice } from '../routes/runbookPractice/updateRunbookPractice.ts';
import { approveRunbookStep } from '../routes/runbookExecutions/approveRunbookStep.ts';
import { completeRunbookStep } from '../routes/runbookExecutions/completeRunbookStep.ts';
import { decideRunbookStep } from '../routes/runbookExecutions/decideRunbookStep.ts';
import { followRunbookExecution } from '../routes/runbookExecutions/followRunbookExecution.ts';
import { listRunbookExecutions } from '../routes/runbookExecutions/listRunbookExecutions.ts';
import { noteOnRunbookExecution } from '../routes/runbookExecutions/noteOnRunbookExecution.ts';
import { pauseRunbookExecution } from '../routes/runbookExecutions/pauseRunbookExecution.ts';
import { readRunbookExecution } from '../routes/runbookExecutions/readRunbookExecution.ts';
import { readRunbookReport } from '../routes/runbookExecutions/readRunbookReport.ts';
import { resumeRunbookExecution } from '../routes/runbookExecutions/resumeRunbookExecution.ts';
import { setRunbookBreakpoint } from '../routes/runbookExecutions/setRunbookBreakpoint.ts';

/** What is done on the worst day, and practised before it. */
export const runbookRoutes = {
  checkRunbook,
  createRunbookVersion,
  diffRunbookVersions,
  listRunbooks,
  practiseRunbook,
  readRunbook,
  readRunbookCatalogue,
  readRunbookVersion,
  startRunbook,
  listRunbookPractice,
  updateRunbookPractice,
  approveRunbookStep,
  completeRunbookStep,
  decideRunbookStep,
  followRunbookExecution,
  listRunbookExecutions,
  noteOnRunbookExecution,
  pauseRunbookExecution,
  readRunbookExecution,
  readRunbookReport,
  resumeRunbookExecution,
  setRunbookBreakpoint,
};
