import { Counter, Gauge, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];

const executions = new Counter({
  name: 'tenantry_runbook_executions_total',
  help: 'Executions of runbooks that ended, in practice or in earnest, by how they ended',
  labelNames: ['practice', 'outcome'],
  registers,
});
const seconds = new Histogram({
  name: 'tenantry_runbook_execution_seconds',
  help: 'From the first step of an execution to its end',
  labelNames: ['practice', 'outcome'],
  buckets: [1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400],
  registers,
});
const overruns = new Counter({
  name: 'tenantry_runbook_overruns_total',
  help: 'Steps and executions of runbooks that took longer than their budget',
  registers,
});
const practices = new Gauge({
  name: 'tenantry_runbook_practices',
  help: 'Runbooks that are to be practised by themselves and were not for too long (overdue), or cannot be (blocked: an input is missing)',
  labelNames: ['standing'],
  registers,
});

export const reportPractices = (counts: { overdue: number; blocked: number }): void => {
  for (const [standing, count] of Object.entries(counts)) practices.set({ standing }, count);
};

export function countExecution({
  practice,
  outcome,
  seconds: took,
}: {
  practice: boolean;
  outcome: string;
  seconds: number;
}): void {
  const labels = { practice: String(practice), outcome };
  executions.inc(labels);
  seconds.observe(labels, took);
}

export const countOverrun = (): void => overruns.inc();
