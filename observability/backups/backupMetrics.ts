import { Counter, Gauge, Histogram } from 'prom-client';
import { protections, type Protection } from '#contracts/backups/backups.ts';
import { registry } from '../metrics.ts';

const backups = new Counter({
  name: 'tenantry_backups_total',
  help: 'Backups of tenants by how they ended: made, failed, cancelled',
  labelNames: ['outcome'],
  registers: [registry],
});

const seconds = new Histogram({
  name: 'tenantry_backup_seconds',
  help: 'How long a backup took that was made and read again',
  buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
  registers: [registry],
});

const bytes = new Counter({
  name: 'tenantry_backup_bytes_total',
  help: 'How much was copied, in clear',
  registers: [registry],
});

const verified = new Counter({
  name: 'tenantry_backups_verified_total',
  help: 'Backups that were read again: good, bad, or not read because the place did not let us',
  labelNames: ['outcome'],
  registers: [registry],
});

const removed = new Counter({
  name: 'tenantry_backups_removed_total',
  help: 'Old backups that were removed, and removals that the place refused',
  labelNames: ['outcome'],
  registers: [registry],
});

const tenants = new Gauge({
  name: 'tenantry_backup_tenants',
  help: 'Tenants by how their backups protect them',
  labelNames: ['protection'],
  registers: [registry],
});

const oldest = new Gauge({
  name: 'tenantry_backup_oldest_seconds',
  help: 'Age of the oldest of the newest backups of all tenants: what could be lost at worst',
  registers: [registry],
});

const unread = new Gauge({
  name: 'tenantry_backup_unread_seconds',
  help: 'For how long the kept backup that is longest unread was not read again',
  registers: [registry],
});

export const reportUnread = (longest: number): void => unread.set(longest);

export function countBackup(outcome: 'made' | 'failed' | 'cancelled', made?: { seconds: number; bytes: number }): void {
  backups.inc({ outcome });
  if (!made) return;
  seconds.observe(made.seconds);
  bytes.inc(made.bytes);
}

export const countVerified = (outcome: 'good' | 'bad' | 'not_read'): void => verified.inc({ outcome });
export const countRemoved = (outcome: 'removed' | 'refused'): void => removed.inc({ outcome });

export function reportProtections(
  counts: readonly { protection: Protection; count: number; oldest: number | null }[],
): void {
  for (const protection of protections)
    tenants.set({ protection }, counts.find((one) => one.protection === protection)?.count ?? 0);
  oldest.set(Math.max(0, ...counts.map((one) => one.oldest ?? 0)));
}
