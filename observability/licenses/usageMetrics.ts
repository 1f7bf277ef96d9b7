import { Counter } from 'prom-client';
import type { UsageTold } from '#contracts/licenses/usage.ts';
import { registry } from '../metrics.ts';

const events = new Counter({
  name: 'tenantry_license_usage_events_total',
  help: 'Events of usage that were told, by what became of them: accepted, known, or why they were refused',
  labelNames: ['outcome'],
  registers: [registry],
});

export function countUsage({ accepted, known, refused }: UsageTold): void {
  events.inc({ outcome: 'accepted' }, accepted);
  events.inc({ outcome: 'known' }, known);
  for (const { code } of refused) events.inc({ outcome: code });
}
