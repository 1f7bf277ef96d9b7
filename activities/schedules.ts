import { DomainError } from '#contracts/errors.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import { openCheck } from '#domain/drift/check.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import type { Deps } from './deps.ts';

/** What a schedule asks for: the run is written first, as whoever presses the button writes it. */
export const scheduleActivities = ({ registry }: Pick<Deps, 'registry'>) => ({
  /** Returns the run's id; null when one of its kind is under way already, which is as good. */
  async 'schedule.openRun'(kind: WorkflowKind, runId: string): Promise<string | null> {
    try {
      return await registry.em.fork().transactional((em) => open(kind)(em, null, theSystem, runId));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
      return error.extra['runId'] === runId ? runId : null; // an earlier attempt committed and its answer was lost
    }
  },
});

function open(kind: WorkflowKind): typeof openCheck {
  if (kind === 'checkDrift') return openCheck;
  throw new DomainError('invalid_request', `${kind} is not started by a schedule.`);
}
