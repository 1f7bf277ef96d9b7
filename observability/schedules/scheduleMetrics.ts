import { Counter, Gauge } from 'prom-client';
import type { ScheduledKind } from '#contracts/schedules.ts';
import type { DrainKind } from '#contracts/workflowInputs.ts';
import { registry } from '../metrics.ts';

const drained = new Counter({
  name: 'tenantry_drained_total',
  help: 'What schedules worked off because it was due, by which of them',
  labelNames: ['schedule'],
  registers: [registry],
});

const paused = new Gauge({
  name: 'tenantry_schedule_paused',
  help: 'Whether a schedule is paused, as its worker saw it last',
  labelNames: ['schedule'],
  registers: [registry],
});

const missed = new Gauge({
  name: 'tenantry_schedule_missed',
  help: 'Times that a schedule let pass because they were later than it makes up for',
  labelNames: ['schedule'],
  registers: [registry],
});

export const countDrained = (schedule: DrainKind, count: number): void => drained.inc({ schedule }, count);

export function reportSchedule(schedule: ScheduledKind, seen: { isPaused: boolean; missed: number }): void {
  paused.set({ schedule }, seen.isPaused ? 1 : 0);
  missed.set({ schedule }, seen.missed);
}
