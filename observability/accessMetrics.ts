import { Counter, Gauge } from 'prom-client';
import type { Permission } from '#contracts/permissions.ts';
import { registry } from './metrics.ts';

const registers = [registry];

const notPermitted = new Counter({
  name: 'tenantry_not_permitted_total',
  help: 'Requests of people and keys that may not do it, by what they would have needed',
  labelNames: ['permission'],
  registers,
});

const assignments = new Gauge({
  name: 'tenantry_grants',
  help: 'Roles of people that this process has compiled; 0 while it believes nothing that it remembers',
  registers,
});

export const countNotPermitted = (permission: Permission): void => notPermitted.inc({ permission });
export const reportGrants = (count: number): void => assignments.set(count);
