import { pauseProvisioning, resumeProvisioning } from '#contracts/runbooks/actions/platform.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { switchProvisioning, viewProvisioning } from '#domain/provisioningSwitch.ts';
import type { Deps } from '../deps.ts';
import { implement, type AnyAction } from './action.ts';

/** What the platform itself does and leaves. */
export const platformActions = ({ registry }: Pick<Deps, 'registry'>): AnyAction[] => {
  const pausedBy = async (em: Sql): Promise<string | null> => (await viewProvisioning(em)).paused?.reason ?? null;
  const isPaused = async (em: Sql): Promise<boolean> => (await viewProvisioning(em)).paused !== null;
  /** Tells whose pause it is, so that another's is left as it is. */
  const ours = (executionId: string): string => `(execution ${executionId})`;
  return [
    implement(pauseProvisioning, {
      act: ({ reason }, { executionId }) =>
        registry.em.fork().transactional(async (em) => {
          if (await isPaused(em)) return { wasPaused: !(await pausedBy(em))?.endsWith(ours(executionId)) };
          await switchProvisioning(em, { paused: true, reason: `${reason} ${ours(executionId)}` }, theSystem);
          return { wasPaused: false };
        }),
      undo: (_params, { executionId }) =>
        registry.em.fork().transactional(async (em) => {
          if (!(await pausedBy(em))?.endsWith(ours(executionId))) return;
          await switchProvisioning(em, { paused: false }, theSystem);
        }),
      rehearse: async () => ({ wasPaused: await isPaused(registry.em.fork()) }),
    }),
    implement(resumeProvisioning, {
      act: () =>
        registry.em.fork().transactional(async (em) => {
          const wasPaused = await isPaused(em);
          await switchProvisioning(em, { paused: false }, theSystem);
          return { wasPaused };
        }),
      rehearse: async () => ({ wasPaused: await isPaused(registry.em.fork()) }),
    }),
  ];
};
