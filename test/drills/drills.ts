import { killMatrix } from './d01KillMatrix.ts';
import { duplicates } from './d02Duplicates.ts';
import { stuckUndo } from './d03StuckUndo.ts';
import { lostWorkflows } from './d04LostWorkflows.ts';
import { badNetwork } from './d06BadNetwork.ts';
import { poisonedWork } from './d09PoisonedWork.ts';
import { replayOfVersions } from './d10Replay.ts';
import { signInStandsFirm } from './d14SignIn.ts';
import { secretsStayHidden } from './d15Secrets.ts';
import { auditTampering } from './audit/d16Audit.ts';
import { idempotencyKeys } from './requests/d17IdempotencyKeys.ts';
import type { Drill } from './drill.ts';

/** In the order in which `npm run drill` carries them out. */
export const drills: readonly Drill[] = [
  killMatrix,
  duplicates,
  stuckUndo,
  lostWorkflows,
  badNetwork,
  poisonedWork,
  replayOfVersions,
  signInStandsFirm,
  secretsStayHidden,
  auditTampering,
  idempotencyKeys,
];
