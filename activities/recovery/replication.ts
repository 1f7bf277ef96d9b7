import { DomainError } from '#contracts/errors.ts';
import { replicationActions as described } from '#contracts/runbooks/actions/replication.ts';
import { ProviderError } from '#providers/provider.ts';
import { catchUp, practiseFence } from '#providers/replication/catchUp.ts';
import { fence, fenceStateOf, isFencedHere, unfence, type FenceProof } from '#providers/replication/fence.ts';
import { identify } from '#providers/replication/identity.ts';
import { rightBefore } from '#providers/replication/late.ts';
import { lossOf } from '#providers/replication/loss.ts';
import { mayPromote, promote } from '#providers/replication/promote.ts';
import { addressOf, type DatabaseServer, type DatabaseServers } from '#providers/replication/servers.ts';
import { follows, makeStandby, setSynchronous } from '#providers/replication/standby.ts';
import { checkIndexes, databasesOf, digestTables, probeWrite } from '#providers/replication/verify.ts';
import { implement, type ActionContext, type AnyAction } from './action.ts';

/** What actions ask and tell of the registry, or of a file where the registry is what was lost. */
export interface ReplicationBook {
  /** Refuses with `failover_in_progress`. */
  claim(names: string[], holder: string): Promise<void>;
  release(names: string[], holder: string): Promise<void>;
  /** Returns how many data stores are there now. Refuses with `server_fenced`. */
  repoint(
    from: string,
    to: { name: string; host: string; port: number; systemIdentifier: string; timeline: number },
  ): Promise<number>;
  lastKnownLsn(primary: string): Promise<string | null>;
  /** Whether it was this execution that held them. */
  holdRuns(holder: string): Promise<boolean>;
  /** Returns how many runs waited. */
  resumeRuns(holder: string): Promise<number>;
}

interface Needs {
  servers: DatabaseServers;
  book: ReplicationBook;
}

interface PairParams {
  primary: string;
  standby: string;
}

/** Failover, switchover and the way back, as actions that need neither Temporal nor, with a book of a file, the registry. */
export function replicationActions({ servers, book }: Needs): AnyAction[] {
  const pairOf = async ({
    primary,
    standby,
  }: PairParams): Promise<{ primary: DatabaseServer; standby: DatabaseServer }> => {
    if (primary === standby) throw new DomainError('standby_broken', 'A server cannot stand by for itself.');
    return { primary: await servers.named(primary), standby: await servers.named(standby) };
  };
  const namesOf = ({ primary, standby }: PairParams): string[] => [primary, standby];

  return [
    implement(described.claimServers, {
      async act(params, { executionId, stillWanted }) {
        await pairOf(params);
        await rightBefore(stillWanted, () => book.claim(namesOf(params), executionId));
      },
      undo: (params, { executionId }) => book.release(namesOf(params), executionId),
    }),
    implement(described.releaseServers, {
      act: (params, { executionId }) => book.release(namesOf(params), executionId),
    }),
    implement(described.holdRuns, {
      async act(_params, { executionId, stillWanted }) {
        return { held: await rightBefore(stillWanted, () => book.holdRuns(executionId)) };
      },
      undo: async (_params, { executionId }) => void (await book.resumeRuns(executionId)),
    }),
    implement(described.resumeRuns, {
      act: async (_params, { executionId }) => ({ waiting: await book.resumeRuns(executionId) }),
    }),
    implement(described.fencePrimary, {
      async act(params, { signal, effectKey, stillWanted }) {
        const began = Date.now();
        const { primary, standby } = await pairOf(params);
        const proof = await fence(primary, {
          standby: standby.name,
          effectKey,
          byHand: params.byHand || null,
          signal,
          stillWanted,
        });
        return { proof, milliseconds: Date.now() - began };
      },
      /** Not once the other one is a primary: then the fence is what keeps them from being two. */
      async undo(params, context) {
        const { primary, standby } = await pairOf(params);
        if (!(await isFencedHere(primary)) || (await wasPromoted(standby))) return;
        await unfence(primary, context);
      },
      async rehearse(params) {
        const { primary } = await pairOf(params);
        return { proof: await practiseFence(primary), milliseconds: 0 };
      },
    }),
    implement(described.catchUpStandby, {
      async act({ withinBytes, seconds, ...params }, { signal, heartbeat, stillWanted }) {
        const { primary, standby } = await pairOf(params);
        return catchUp(primary, standby, { withinBytes, seconds, signal, heartbeat, stillWanted });
      },
    }),
    implement(described.checkStandby, {
      async act({ mayLoseBytes, mayLoseUnknown, end, ...params }) {
        const { primary, standby } = await pairOf(params);
        const loss = await lossOf(primary, standby, { end, sampled: await book.lastKnownLsn(primary.name) });
        if (loss.lagBytes === null ? !mayLoseUnknown : loss.lagBytes > mayLoseBytes)
          throw new DomainError(
            'standby_behind',
            loss.lagBytes === null
              ? `Nobody can tell what "${standby.name}" lacks: the primary was never seen. Accept that, or bring it back.`
              : `"${standby.name}" lacks ${loss.lagBytes} bytes of the log (known by ${loss.knownBy}), and ${mayLoseBytes} may be lost. Accept them, or bring the old primary back.`,
            { extra: { lagBytes: loss.lagBytes, knownBy: loss.knownBy } },
          );
        return { ...loss };
      },
    }),
    implement(described.promoteStandby, {
      async act({ byHand, ...params }, { signal, stillWanted }) {
        const { primary, standby } = await pairOf(params);
        const before = await identify(standby);
        // Promoted by an attempt whose answer was lost: what matters then is that the other one is fenced still, which is looked at too.
        await refuseTwo(primary, byHand !== '');
        const { timeline, milliseconds, lostConnections } = await promote(standby, {
          known: before.inRecovery ? before.timeline : 0,
          signal,
          stillWanted,
        });
        return { timeline, milliseconds, lostConnections };
      },
      async rehearse(params) {
        const { standby } = await pairOf(params);
        const { allowed, timeline } = await mayPromote(standby);
        if (!allowed)
          throw new DomainError('standby_not_promoted', `The role in use may not promote "${standby.name}".`);
        return { timeline, milliseconds: 0, lostConnections: 0 };
      },
    }),
    implement(described.repointStores, {
      async act({ from, to }) {
        const server = await servers.named(to);
        const { inRecovery, timeline, systemIdentifier } = await identify(server);
        if (inRecovery) throw new DomainError('server_fenced', `"${to}" is a standby: nothing is pointed at it.`);
        const stores = await book.repoint(from, { name: to, ...addressOf(server), systemIdentifier, timeline });
        return { stores, timeline };
      },
      async rehearse({ to }) {
        const { timeline } = await identify(await servers.named(to));
        return { stores: 0, timeline };
      },
    }),
    implement(described.verifyPrimary, {
      async act({ server: name, read }, context) {
        const server = await servers.named(name);
        const { timeline } = await probeWrite(server);
        const { indexes } = read === 'nothing' ? { indexes: 0 } : await checkIndexes(server, context);
        return { timeline, indexes, ...(await readAll(server, read, context)) };
      },
      /** Of a standby everything is read that can be, and nothing written. */
      async rehearse({ server: name, read }, context) {
        const server = await servers.named(name);
        const { timeline } = await identify(server);
        return { timeline, indexes: 0, ...(await readAll(server, read, context)) };
      },
    }),
    implement(described.measureTime, {
      async act({ rtoSeconds }, { startedAt }) {
        const seconds = Math.floor((Date.now() - startedAt) / 100) / 10;
        return { seconds, rtoSeconds, isKept: seconds <= rtoSeconds };
      },
    }),
    implement(described.rebuildStandby, {
      async act({ synchronous, ...params }, context) {
        const { primary, standby } = await pairOf(params);
        if (await isPrimaryOf(standby, primary))
          throw new DomainError('primary_not_fenced', `"${standby.name}" takes writes itself: fence it first.`);
        const { files, bytes, rebuiltNow } = await makeStandby(primary, standby, context);
        if (synchronous) await rightBefore(context.stillWanted, () => setSynchronous(primary, standby.name));
        return { files, bytes, rebuilt: rebuiltNow };
      },
      async rehearse(params) {
        const { primary, standby } = await pairOf(params);
        if (!(await follows(primary, standby)) && !standby.folder && !standby.rebuild)
          throw new DomainError(
            'standby_broken',
            `"${standby.name}" does not follow, and nothing is described that could make it.`,
          );
        return { files: 0, bytes: 0, rebuilt: false };
      },
    }),
  ];
}

/** Asked right before the promotion: between the fence and now somebody may have started the old one again. */
async function refuseTwo(primary: DatabaseServer, isVouchedFor: boolean): Promise<FenceProof> {
  const state = await fenceStateOf(primary);
  if (state === 'stopped' || state === 'standby') return state;
  if (state === 'silent' && !primary.folder && (primary.fence || isVouchedFor)) return primary.fence ? 'hook' : 'hand';
  throw new DomainError(
    'primary_not_fenced',
    state === 'writable'
      ? `"${primary.name}" takes writes: two primaries would part for good. Fence it first.`
      : `Nobody can tell whether "${primary.name}" takes writes. Fence it first.`,
  );
}

/** A standby that is stopped tells by its disk. Where nobody can tell, the other one stays fenced, and it is asked again. */
async function wasPromoted(standby: DatabaseServer): Promise<boolean> {
  const state = await fenceStateOf(standby);
  if (state === 'silent')
    throw new ProviderError('PostgreSQL', `nobody can tell whether "${standby.name}" was promoted, as it does not answer`); // prettier-ignore
  return state === 'writable';
}

async function isPrimaryOf(server: DatabaseServer, other: DatabaseServer): Promise<boolean> {
  const ours = await identify(server).catch(() => null);
  if (!ours || ours.inRecovery) return false;
  const theirs = await identify(other);
  return ours.systemIdentifier === theirs.systemIdentifier;
}

async function readAll(
  server: DatabaseServer,
  read: 'all' | 'indexes' | 'nothing',
  { signal, heartbeat }: ActionContext,
): Promise<{ tables: number; rows: number; digest: string }> {
  if (read !== 'all') return { tables: 0, rows: 0, digest: '' };
  const databases = await databasesOf(server);
  return digestTables(server, { databases, schemaPrefix: 't_', signal, heartbeat });
}
