import { Counter, Histogram } from 'prom-client';
import { registry } from './metrics.ts';

const registers = [registry];

const suspensions = new Counter({
  name: 'tenantry_suspensions_total',
  help: 'What people and time did to suspensions of tenants',
  labelNames: ['what'],
  registers,
});

const late = new Histogram({
  name: 'tenantry_suspension_lateness_seconds',
  help: 'How long after its time a planned suspension, or a resumption by itself, was begun',
  buckets: [1, 2, 5, 15, 60, 600, 3_600, 86_400],
  registers,
});

export const countSuspension = (
  what: 'planned' | 'begun' | 'resumed' | 'withdrawn' | 'missed' | 'resumed_by_itself',
): void => suspensions.inc({ what });
export const observeLateness = (seconds: number): void => late.observe(seconds);
