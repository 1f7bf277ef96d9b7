import { Counter, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];

const proven = new Counter({
  name: 'tenantry_backups_proven_total',
  help: 'Backups that a drill restored and found whole',
  registers,
});
const rto = new Histogram({
  name: 'tenantry_drill_rto_seconds',
  help: 'From nothing to usable, as drills measured it',
  buckets: [0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400],
  registers,
});
const rpo = new Histogram({
  name: 'tenantry_drill_rpo_seconds',
  help: 'How old what could be restored was when drills began',
  buckets: [60, 600, 3_600, 21_600, 43_200, 86_400, 172_800, 604_800],
  registers,
});

export function countDrill({ rtoMs, rpoSeconds }: { rtoMs: number; rpoSeconds: number }): void {
  proven.inc();
  rto.observe(rtoMs / 1_000);
  rpo.observe(rpoSeconds);
}
