import { Counter, Histogram } from 'prom-client';
import type { RecoveryMode } from '#contracts/recovery/recoveries.ts';
import { registry } from '../metrics.ts';

const registers = [registry];

const recoveries = new Counter({
  name: 'tenantry_recoveries_total',
  help: 'Tenants that were to be copied out of the whole server as it was at a moment, by what became of it',
  labelNames: ['mode', 'outcome'] as const,
  registers,
});
const seconds = new Histogram({
  name: 'tenantry_recovery_seconds',
  help: 'How long each part of bringing the whole server back to a moment for one tenant took',
  labelNames: ['part'] as const,
  buckets: [1, 5, 15, 60, 300, 1_800, 7_200, 28_800],
  registers,
});

export const countRecovery = (mode: RecoveryMode, outcome: 'succeeded' | 'failed' | 'cancelled'): void =>
  recoveries.inc({ mode, outcome });

export type RecoveryPart = 'restore' | 'prove' | 'copy';

/** Measures what succeeds. */
export async function timed<Result>(part: RecoveryPart, work: () => Promise<Result>): Promise<Result> {
  const stop = seconds.startTimer({ part });
  const result = await work();
  stop();
  return result;
}
