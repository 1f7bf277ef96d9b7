import type { Breach } from './drill.ts';
import type { Ground } from './ground.ts';
import { auditIsBroken } from './invariants/auditChain.ts';
import { backupsDiffer } from './invariants/backups.ts';
import { ledgerContradicts } from './invariants/ledgerFacts.ts';
import { canariesStray, effectsRepeat, writesAreLost } from './invariants/outsideEffects.ts';
import { paymentsRepeat } from './invariants/payments.ts';
import { realThingsDiffer } from './invariants/realThings.ts';

/**
 * I1 to I7 of a ground whose runs have all ended. I6 is the completeness of events, and that all of them are in chains which verify; of
 * I7 that no event is missing, doubled or from rolled-back work, as nothing publishes events yet. I8 is the matter of D15, which scans.
 */
export async function brokenInvariants(ground: Ground): Promise<Breach[]> {
  const checks = [
    ledgerContradicts,
    realThingsDiffer,
    effectsRepeat,
    paymentsRepeat,
    backupsDiffer,
    writesAreLost,
    canariesStray,
    auditIsBroken,
  ];
  return (await Promise.all(checks.map((check) => check(ground)))).flat();
}
