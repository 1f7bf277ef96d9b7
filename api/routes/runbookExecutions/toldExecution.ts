import type { Execution } from '#contracts/runbooks/executions.ts';
import type { Sql } from '#domain/database.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import type { ToldExecution } from '#domain/runbooks/deciding/decideStep.ts';
import type { WordsKey } from '#domain/runbooks/executing/timeline.ts';
import { viewExecution, type Onlooker } from '#domain/runbooks/viewing/viewExecution.ts';
import type { Questions } from '../../mounting/admission/permitted.ts';
import type { RequestContext } from '../../route.ts';

/** Who asks, as far as it matters to what they may do next. */
export interface Asking extends Questions {
  signedIn: SignedIn | null;
}

export const onlookerOf = ({ signedIn, may }: Asking): Onlooker => ({
  userId: signedIn?.userId ?? null,
  mayDecide: may('runbooks:decide', {}),
});

/** One change of an execution, told to everybody who looks on and to its workflow; answers with how it is afterwards. */
export async function steer(
  { em, platform, workflows }: Pick<RequestContext, 'em' | 'platform' | 'workflows'>,
  runId: string,
  asking: Asking,
  change: (em: Sql, keyring: WordsKey) => Promise<ToldExecution>,
): Promise<Execution> {
  const { version, workflowId } = await em.transactional((tx) => change(tx, platform.installation.keyring));
  platform.announcer.announce('run', runId, version);
  await workflows.wake(workflowId);
  return viewExecution(em.fork(), runId, platform, onlookerOf(asking));
}
