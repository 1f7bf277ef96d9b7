import { killMatrix } from './d01KillMatrix.ts';
import { replayOfVersions } from './d10Replay.ts';
import type { Drill } from './drill.ts';

/** In the order in which `npm run drill` carries them out. */
export const drills: readonly Drill[] = [killMatrix, replayOfVersions];
