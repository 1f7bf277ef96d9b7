import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { ProviderError } from '../provider.ts';
import { identify, identityOn, type ServerIdentity } from './identity.ts';
import { rightBefore, type StillWanted } from './late.ts';
import { codeOf, onServer, type DatabaseServer } from './servers.ts';

export interface Promotion {
  timeline: number;
  /** Where its own history begins. */
  flushed: string;
  /** False when it was a primary already: an earlier attempt, whose answer was lost. */
  promotedNow: boolean;
  /** How often the server had to be asked again, because a connection was lost on the way. */
  lostConnections: number;
  milliseconds: number;
}

/**
 * Makes a standby a primary. What counts is what the server says of itself, never whether an answer arrived: it is asked again on a new
 * connection until it is a primary, or the time is over (`standby_not_promoted`: nothing was decided, and nobody else may be promoted).
 *
 * @param known the timeline of the primary that it follows: its own must be newer
 */
export async function promote(
  server: DatabaseServer,
  {
    known,
    signal,
    stillWanted,
    seconds = 60,
  }: { known: number; signal: AbortSignal; stillWanted: StillWanted; seconds?: number },
): Promise<Promotion> {
  const began = Date.now();
  let lostConnections = 0;
  let promotedNow = false;
  let reason = '';
  while (Date.now() - began < seconds * 1_000) {
    signal.throwIfAborted();
    try {
      const now = await onServer(
        server,
        async (client): Promise<ServerIdentity> => {
          const before = await identityOn(client);
          if (!before.inRecovery) return before;
          await rightBefore(stillWanted, () => {
            promotedNow = true;
            return client.query('select pg_promote(true, $1)', [Math.min(seconds, 30)]);
          });
          return identityOn(client);
        },
        { statementMs: 40_000 },
      );
      if (!now.inRecovery) {
        if (now.timeline <= known)
          throw new DomainError(
            'standby_not_promoted',
            `"${server.name}" takes writes on timeline ${now.timeline}, which is not newer than ${known}: it was never a standby of it.`,
          );
        const { timeline, flushed } = now;
        return { timeline, flushed, promotedNow, lostConnections, milliseconds: Date.now() - began };
      }
      reason = 'it still is a standby';
    } catch (error) {
      if (error instanceof DomainError) throw error;
      if (isRefusal(error)) throw error;
      lostConnections++;
      reason = error instanceof ProviderError ? error.message : codeOf(error);
    }
    await delay(100, undefined, { signal });
  }
  throw new DomainError(
    'standby_not_promoted',
    `"${server.name}" did not become a primary within ${seconds} s: ${reason}.`,
  );
}

/** Not allowed to, or no such function: asking again changes nothing. */
const isRefusal = (error: unknown): boolean => ['42501', '42883', '28P01', '28000'].includes(codeOf(error));

/** Whether `pg_promote` may be called at all; for practice. */
export async function mayPromote(server: DatabaseServer): Promise<{ allowed: boolean; timeline: number }> {
  const { timeline } = await identify(server);
  const allowed = await onServer(server, async (client) => {
    const { rows } = await client.query<{ may: boolean }>(
      `select has_function_privilege('pg_promote(boolean, integer)', 'execute') as may`,
    );
    return rows[0]?.may === true;
  });
  return { allowed, timeline };
}
