import { killMatrix } from './d01KillMatrix.ts';
import { duplicates } from './d02Duplicates.ts';
import { stuckUndo } from './d03StuckUndo.ts';
import { lostWorkflows } from './d04LostWorkflows.ts';
import { badNetwork } from './d06BadNetwork.ts';
import { clockJumps } from './licenses/d07ClockJumps.ts';
import { workersAway } from './licenses/d08WorkersAway.ts';
import { poisonedWork } from './d09PoisonedWork.ts';
import { replayOfVersions } from './d10Replay.ts';
import { spoiledBackups } from './d11Backups.ts';
import { signInStandsFirm } from './d14SignIn.ts';
import { secretsStayHidden } from './d15Secrets.ts';
import { auditTampering } from './audit/d16Audit.ts';
import { idempotencyKeys } from './requests/d17IdempotencyKeys.ts';
import { pgbackrestHolds } from './physical/d18Pgbackrest.ts';
import { failoverHolds } from './failover/d19Failover.ts';
import type { Drill } from './drill.ts';

/** In the order in which `npm run drill` carries them out. */
export const drills: readonly Drill[] = [
  killMatrix,
  duplicates,
  stuckUndo,
  lostWorkflows,
  badNetwork,
  clockJumps,
  workersAway,
  poisonedWork,
  replayOfVersions,
  spoiledBackups,
  signInStandsFirm,
  secretsStayHidden,
  auditTampering,
  idempotencyKeys,
  failoverHolds,
];

/** Of what `npm test` cannot ask of a machine: packages of the system. */
export const allDrills: readonly Drill[] = [...drills, pgbackrestHolds];
