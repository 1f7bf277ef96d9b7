import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { rebuildActions as described } from '#contracts/runbooks/actions/rebuild.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import { listPlatformBackups, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { openChange } from '#domain/cluster/clusterChange.ts';
import { confirmCluster } from '#domain/cluster/confirmCluster.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { countOpenOrphans } from '#domain/orphans/orphanFindings.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { findLock } from '#domain/orphans/sweepLock.ts';
import type { Place } from '#domain/places/place.ts';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import { implement, type ActionContext, type AnyAction } from './action.ts';

const lookAgainMs = 500;

export interface RestoreParams {
  from?: string | null | undefined;
  masterKeyFile?: string | null | undefined;
  backup?: string | null | undefined;
}

interface Needs {
  /** The registry, once it is there. */
  platform(): Promise<Pick<Platform, 'registry' | 'announcer'>>;
  /** Null where it is the control plane itself that asks: it would replace what it stands on. */
  restore: ((params: RestoreParams, context: ActionContext) => Promise<boolean>) | null;
  backups(): Promise<{ place: Place; masterKey: Buffer }>;
}

/** The registry again, and what was under way. By rows of a registry that is there, carried out by whichever workers are. */
export function rebuildActions({ platform, restore, backups }: Needs): AnyAction[] {
  return [
    implement(described.restoreRegistry, {
      async act(params, context) {
        if (!restore)
          throw new DomainError('needs_recover', 'What carries this out stands on the registry that would be replaced. Stop it, and run `tenantry recover`.'); // prettier-ignore
        return { whole: await restore(params, context) };
      },
      async rehearse() {
        const { place, masterKey } = await backups();
        const [newest] = await listPlatformBackups(place);
        if (!newest) throw new DomainError('backup_not_found', 'There is no backup of the control plane.');
        await verifyPlatformBackup(place, newest.backup, masterKey);
        return { whole: true };
      },
    }),
    implement(described.reconcileRuns, {
      async act({ seconds }, context) {
        const { registry, announcer } = await platform();
        return until(seconds, context, 'Nobody has looked at the Temporal cluster: are workers running?', async () => {
          const em = registry.em.fork();
          const change = await openChange(em);
          if (change) {
            const { restarted, finishedFromLedger } = await confirmCluster(em, announcer, change.seen, theSystem);
            return { restarted, finished: finishedFromLedger };
          }
          return (await runsInClusters(em)) === 0 ? { restarted: 0, finished: 0 } : null;
        });
      },
      rehearse: async () => ({ restarted: 0, finished: 0 }),
    }),
    implement(described.sweepRegistry, {
      async act({ seconds }, context) {
        const { registry } = await platform();
        const runId = idOf(context.effectKey);
        return until(seconds, context, 'The sweep is not over: are workers running?', async () => {
          const em = registry.em.fork();
          const state = (await stateOf(em, runId)) ?? (await open(em, runId));
          if (state === null || !runIsOver(state)) return null;
          if (state !== 'succeeded') throw new DomainError('child_failed', `The sweep ended as ${state}.`);
          return { runId, unknown: await countOpenOrphans(em), locked: (await findLock(em)) !== null };
        });
      },
    }),
  ];
}

/** Those that were given to a Temporal cluster, whichever. */
async function runsInClusters(em: Sql): Promise<number> {
  const [open] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from runs
    where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') and cluster_id is not null
      and kind <> 'executeRunbook'`;
  return open?.count ?? 0;
}

async function stateOf(em: Sql, runId: string): Promise<RunState | null> {
  const [run] = await rows<{ state: RunState }>(em)`select state from runs where id = ${runId}`;
  return run?.state ?? null;
}

/** One that the clock opened comes first. */
async function open(em: Sql, runId: string): Promise<RunState | null> {
  try {
    await em.transactional((tx) => openSweep(tx, null, theSystem, runId));
    return 'queued';
  } catch (error) {
    if (error instanceof DomainError && error.code === 'run_in_progress') return null;
    throw error;
  }
}

/** The same in every attempt, so that a repeated one finds the run of the first (UUID of version 8, RFC 9562). */
function idOf(effectKey: string): string {
  const hash = createHash('sha256').update(`sweep/${effectKey}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

async function until<Answer>(
  seconds: number,
  { signal, heartbeat }: ActionContext,
  otherwise: string,
  ask: () => Promise<Answer | null>,
): Promise<Answer> {
  const overAt = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > overAt) throw new DomainError('dependency_down', otherwise);
    heartbeat();
    await sleep(lookAgainMs, undefined, { signal });
  }
}
