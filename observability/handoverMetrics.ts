import { Counter } from 'prom-client';
import { registry } from './metrics.ts';

const registers = [registry];

const rotations = new Counter({
  name: 'tenantry_secret_rotations_total',
  help: "Rotations of tenants' secrets that ended, by whether the old ones were ended or the new ones taken back",
  labelNames: ['outcome'],
  registers,
});

const changes = new Counter({
  name: 'tenantry_ownership_changes_total',
  help: 'Changes of who owns a tenant that ended, by what came of them',
  labelNames: ['outcome'],
  registers,
});

export const countRotation = (outcome: 'done' | 'withdrawn'): void => rotations.inc({ outcome });
export const countOwnership = (outcome: 'done' | 'withdrawn' | 'unanswered'): void => changes.inc({ outcome });
