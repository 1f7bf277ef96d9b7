import { Counter, Gauge } from 'prom-client';
import type { DueKind } from '#contracts/licenses/dues.ts';
import { registry } from '../metrics.ts';

const dues = new Counter({
  name: 'tenantry_license_dues_total',
  help: 'What became due of licences, by what it is and whether it happened, was passed over, or is tried again',
  labelNames: ['kind', 'outcome'],
  registers: [registry],
});

const lag = new Gauge({
  name: 'tenantry_license_dues_lag_seconds',
  help: 'How long after its time the oldest of what is due still waits, by the drain that it waits for',
  labelNames: ['drain'],
  registers: [registry],
});

type Counts = Partial<Record<DueKind, number>>;

export function countDues({ done, passed, failed }: { done: Counts; passed: Counts; failed: readonly object[] }): void {
  for (const [outcome, counts] of Object.entries({ done, passed }))
    for (const [kind, count] of Object.entries(counts)) dues.inc({ kind, outcome }, count);
  if (failed.length > 0) dues.inc({ kind: 'any', outcome: 'failed' }, failed.length);
}

export function reportDueLag(lags: ReadonlyMap<string, number>): void {
  for (const [drain, seconds] of lags) lag.set({ drain }, seconds);
}
