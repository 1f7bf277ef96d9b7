import { Counter } from 'prom-client';
import { registry } from './metrics.ts';

const changes = new Counter({
  name: 'tenantry_member_changes_total',
  help: 'Changes of who the people of tenants are, by what was done at their portals',
  labelNames: ['change'],
  registers: [registry],
});

export type MemberChangeKind =
  'invited' | 'invited_again' | 'changed' | 'removed' | 'disabled' | 'enabled' | 'factors_reset';

export const countMemberChange = (change: MemberChangeKind): void => changes.inc({ change });
