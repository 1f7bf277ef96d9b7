import { ProviderError } from '../provider.ts';
import { pidOf, stopLocal, type LocalPlace } from './localServer.ts';

/** Throws where somebody else has gone on meanwhile. */
export type StillWanted = () => Promise<void>;

/** A worker is taken for dead after 1.5 s; to move its servers on takes others longer than the rest. */
const freshMs = 2_000;
const tries = 5;

/**
 * Asks whether an effect is wanted still, and begins it in the same breath. A process that stood still since it asked must not trust the answer:
 * it asks again.
 */
export async function rightBefore<Result>(
  stillWanted: StillWanted,
  act: () => Result | Promise<Result>,
): Promise<Result> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const asked = Date.now();
    await stillWanted();
    if (Date.now() - asked < freshMs) return await act();
  }
  throw new ProviderError('registry', `it takes longer than ${freshMs / 1_000} s to tell whether a step is wanted`);
}

/** Ends the process that serves this folder now. One that somebody starts later is theirs, and is let alone. */
export async function stopWanted(
  place: LocalPlace,
  how: 'fast' | 'immediate',
  stillWanted: StillWanted,
): Promise<void> {
  const pid = await pidOf(place);
  await rightBefore(stillWanted, () => stopLocal(place, how, pid));
}
