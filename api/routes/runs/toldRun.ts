import { DomainError } from '#contracts/errors.ts';
import type { Run } from '#contracts/runs.ts';
import { findRunView } from '#domain/runs/viewRun.ts';
import type { RequestContext } from '../../route.ts';

/** The run as it is now, for an answer to what was done to it. Refuses with `not_found`. */
export async function toldRun({ em, platform }: Pick<RequestContext, 'em' | 'platform'>, runId: string): Promise<Run> {
  const run = await findRunView(em.fork(), runId, platform.configuration.temporal);
  if (!run) throw new DomainError('not_found', 'There is no such run.');
  return run;
}
