import { renameSync, rmSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { syncFolder } from '../physical/lowlevel/copyCluster.ts';
import { ProviderError } from '../provider.ts';
import { askHook } from './hooks.ts';
import { identify } from './identity.ts';
import { rightBefore, stopWanted, type StillWanted } from './late.ts';
import { pidOf, placeOf, prepareOwned, startLocal, type LocalPlace } from './localServer.ts';
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
  /** Throws where somebody else has gone on meanwhile: asked right before anything is stopped. */
  stillWanted: StillWanted;
}

/**
 * Makes sure that this server takes no write any more, also when it comes back, and proves it. Refuses with `primary_not_fenced` when
 * that cannot be known: then nobody may be promoted. Idempotent.
 */
export async function fence(server: DatabaseServer, order: FenceOrder): Promise<FenceProof> {
  const place = await placeOf(server);
  if (place) {
    // The signal first: who starts it between the two moments gets a server that refuses writes.
    if (await canStart(place)) await mark(place, order);
    // By itself a fast stop waits until standbys that follow have all of the log.
    await stopWanted(place, 'fast', order.stillWanted);
    return provenOf(server, await fenceStateOf(server));
  }
  const before = await fenceStateOf(server);
  if (before === 'standby') return 'standby';
  if (server.fence) {
    const asked = { act: 'fence', server: server.name, other: order.standby, effectKey: order.effectKey } as const;
    const hook = server.fence;
    await rightBefore(order.stillWanted, () => askHook(hook, asked, order.signal));
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

/** Everything that takes time is done before it is asked: who is frozen meanwhile has marked nothing. */
async function mark(place: LocalPlace, { standby, stillWanted }: FenceOrder): Promise<void> {
  const names = [markOf(place), signalOf(place)];
  const passing: string[] = [];
  try {
    for (const name of names) passing.push(await prepareOwned(place, name, `fenced for ${standby}\n`));
    await rightBefore(stillWanted, () => names.forEach((name, at) => renameSync(passing[at]!, name)));
  } finally {
    for (const left of passing) await rm(left, { force: true });
  }
  await syncFolder(place.data);
}

function provenOf(server: DatabaseServer, state: FenceState): FenceProof {
  if (state === 'stopped' || state === 'standby') return state;
  throw notFenced(server, state === 'writable' ? 'It still takes writes.' : 'Nobody can tell whether it takes writes.');
}

const notFenced = (server: DatabaseServer, why: string): DomainError =>
  new DomainError('primary_not_fenced', `"${server.name}" is not known to refuse writes. ${why}`);

/** Whether a fence stands here that was put up by {@link fence}, and can be taken back. */
export async function isFencedHere(server: DatabaseServer): Promise<boolean> {
  const place = await placeOf(server);
  return place !== null && (await exists(markOf(place)));
}

/** Takes a fence back that was put up here; leaves a server alone that somebody made a standby, or that was fenced by others. */
export async function unfence(
  server: DatabaseServer,
  { stillWanted }: Pick<FenceOrder, 'stillWanted'>,
): Promise<boolean> {
  const place = await placeOf(server);
  if (!place || !(await isFencedHere(server))) return false;
  await stopWanted(place, 'fast', stillWanted);
  await rightBefore(stillWanted, () => rmSync(signalOf(place), { force: true }));
  await rightBefore(stillWanted, () => startLocal(place));
  await rightBefore(stillWanted, () => rmSync(markOf(place), { force: true }));
  return true;
}
