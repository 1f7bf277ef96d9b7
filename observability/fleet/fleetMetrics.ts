import { Counter, Gauge, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];

const migrated = new Counter({
  name: 'tenantry_fleet_tenants_total',
  help: 'Tenants that a fleet migration came to, by what became of them',
  labelNames: ['outcome'],
  registers,
});

const seconds = new Histogram({
  name: 'tenantry_fleet_tenant_duration_seconds',
  help: 'Time that the migrations of one tenant took',
  labelNames: ['outcome'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10, 60, 600],
  registers,
});

const behind = new Gauge({
  name: 'tenantry_fleet_tenants_behind',
  help: 'Tenants below the newest version of the tenant migrations',
  registers,
});

const quarantined = new Gauge({
  name: 'tenantry_fleet_tenants_quarantined',
  help: 'Of those behind, tenants at which a migration failed for good',
  registers,
});

export function countMigrated(outcome: 'migrated' | 'quarantined' | 'gone', took: number): void {
  migrated.inc({ outcome });
  seconds.observe({ outcome }, took);
}

export function reportFleet(count: { behind: number; quarantined: number }): void {
  behind.set(count.behind);
  quarantined.set(count.quarantined);
}
