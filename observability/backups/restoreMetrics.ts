import { Counter, Histogram } from 'prom-client';
import type { RestoreMode } from '#contracts/backups/restores.ts';
import { registry } from '../metrics.ts';

const seconds = new Histogram({
  name: 'tenantry_restore_seconds',
  help: 'How long bringing back what a backup holds took, without what comes before and after',
  labelNames: ['mode'] as const,
  buckets: [0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
  registers: [registry],
});

export const countRestore = (mode: RestoreMode | 'arrival' | 'refill', took: number): void =>
  seconds.observe({ mode }, took);

const handOvers = new Counter({
  name: 'tenantry_hand_overs_total',
  help: "How often another installation was given the key of a tenant's backups",
  registers: [registry],
});

export const countHandOver = (): void => handOvers.inc();
