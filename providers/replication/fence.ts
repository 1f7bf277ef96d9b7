import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { ProviderError } from '../provider.ts';
import { askHook } from './hooks.ts';
import { identify } from './identity.ts';
import { pidOf, placeOf, startLocal, stopLocal, writeOwned, type LocalPlace } from './localServer.ts';
import type { DatabaseServer } from './servers.ts';

/**
 * How it is known that a server takes no writes. `stopped`: it does not run, and whoever starts it gets a standby. `standby`: it answers
 * and says so. `hook`: somebody who can said that it is done, and nothing there takes writes. `hand`: a person vouches for it.
 */
export type FenceProof = 'stopped' | 'standby' | 'hook' | 'hand';
export type FenceState = 'stopped' | 'standby' | 'writable' | 'silent';

const signalOf = ({ data }: LocalPlace): string => join(data, 'standby.signal');
/** Beside the signal that PostgreSQL reads: by it we know the signal as ours, and take no standby for a fenced primary. */
const markOf = ({ data }: LocalPlace): string => join(data, 'tenantry.fenced');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Looks, and changes nothing. */
export async function fenceStateOf(server: DatabaseServer): Promise<FenceState> {
  const place = await placeOf(server);
  if (place && (await pidOf(place)) === null)
    return (await exists(signalOf(place))) || !(await canStart(place)) ? 'stopped' : 'silent';
  try {
    return (await identify(server)).inRecovery ? 'standby' : 'writable';
  } catch (error) {
    if (error instanceof ProviderError) return 'silent';
    throw error;
  }
}

/** Without its control file no server starts: its disk was lost, and it is not coming back by itself. */
export const canStart = ({ data }: LocalPlace): Promise<boolean> => exists(join(data, 'global', 'pg_control'));

export interface FenceOrder {
  /** Who takes over. */
  standby: string;
  effectKey: string;
  /** A person's word for a server that nobody here reaches: who switched it off, and how. */
  byHand: string | null;
  signal: AbortSignal;
}

/**
 * Makes sure that this server takes no write any more, also when it comes back, and proves it. Refuses with `primary_not_fenced` when
 * that cannot be known: then nobody may be promoted. Idempotent.
 */
export async function fence(server: DatabaseServer, order: FenceOrder): Promise<FenceProof> {
  const place = await placeOf(server);
  if (place) {
    // The signal first: who starts it between the two moments gets a server that refuses writes.
    if (await canStart(place)) {
      await writeOwned(place, markOf(place), `fenced for ${order.standby}\n`);
      await writeOwned(place, signalOf(place), '');
    }
    // By itself a fast stop waits until standbys that follow have all of the log.
    await stopLocal(place, 'fast');
    return provenOf(server, await fenceStateOf(server));
  }
  const before = await fenceStateOf(server);
  if (before === 'standby') return 'standby';
  if (server.fence) {
    await askHook(
      server.fence,
      { act: 'fence', server: server.name, other: order.standby, effectKey: order.effectKey },
      order.signal,
    );
    const after = await fenceStateOf(server);
    if (after === 'silent') return 'hook'; // said to be off by who can tell, and nothing answers there
    return provenOf(server, after);
  }
  if (before === 'writable')
    throw notFenced(server, 'It answers and takes writes, and nothing is described that could stop it.');
  if (order.byHand) return 'hand';
  throw notFenced(
    server,
    'It does not answer, and nothing is described that could stop it: it may be alive for others. Switch it off, and start again with what was done ("fenced by hand").',
  );
}

function provenOf(server: DatabaseServer, state: FenceState): FenceProof {
  if (state === 'stopped' || state === 'standby') return state;
  throw notFenced(server, state === 'writable' ? 'It still takes writes.' : 'Nobody can tell whether it takes writes.');
}

const notFenced = (server: DatabaseServer, why: string): DomainError =>
  new DomainError('primary_not_fenced', `"${server.name}" is not known to refuse writes. ${why}`);

/** Takes a fence back that was put up here; leaves a server alone that somebody made a standby, or that was fenced by others. */
export async function unfence(server: DatabaseServer): Promise<boolean> {
  const place = await placeOf(server);
  if (!place || !(await exists(markOf(place)))) return false;
  await stopLocal(place, 'fast');
  await rm(signalOf(place), { force: true });
  await startLocal(place);
  await rm(markOf(place), { force: true });
  return true;
}
