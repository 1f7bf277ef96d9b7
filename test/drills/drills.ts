import { killMatrix } from './d01KillMatrix.ts';
import type { Drill } from './drill.ts';

/** In the order in which `npm run drill` carries them out. */
export const drills: readonly Drill[] = [killMatrix];
