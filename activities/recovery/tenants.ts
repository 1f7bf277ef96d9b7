import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { takeBackOffboarding } from '#contracts/runbooks/actions/tenants.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { undoOffboarding } from '#domain/offboarding/undoOffboarding.ts';
import { rows } from '#domain/sql.ts';
import type { Deps } from '../deps.ts';
import { implement, type AnyAction } from './action.ts';

const lookEveryMs = 500;

export const tenantActions = ({ registry }: Pick<Deps, 'registry'>): AnyAction[] => [
  implement(takeBackOffboarding, {
    /** The wish is a row: the reconciler delivers it to the workflow. Refuses with `offboarding_not_undoable` once the erasure has begun. */
    async act({ tenantId }, { signal }) {
      const em = registry.em.fork();
      const stateOf = async (runId: string): Promise<RunState | undefined> =>
        (await rows<{ state: RunState }>(registry.em.fork())`select state from runs where id = ${runId}`)[0]?.state;
      const isOver = async (runId: string): Promise<boolean> => runIsOver((await stateOf(runId)) ?? 'cancelled');
      const [under] = await rows<{ id: string }>(em)`
        select id from runs where tenant_id = ${tenantId} and kind = 'offboardTenant' order by created_at desc limit 1`;
      if (!under || (await isOver(under.id))) return { takenBack: false };
      const { runId } = await em.transactional((tx) => undoOffboarding(tx, tenantId, theSystem));
      while (!(await isOver(runId))) await sleep(lookEveryMs, undefined, { signal });
      if ((await stateOf(runId)) !== 'cancelled')
        throw new DomainError('child_failed', 'The offboarding could not be taken back: see its run.');
      return { takenBack: true };
    },
  }),
];
