import { Counter, Gauge, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];

const backups = new Counter({
  name: 'tenantry_platform_backups_total',
  help: "The control plane's own backups, by what became of them",
  labelNames: ['outcome'] as const,
  registers,
});
const bytes = new Gauge({
  name: 'tenantry_platform_backup_bytes',
  help: 'How much the newest backup of the control plane takes in its place; told by the worker that wrote it',
  registers,
});
const seconds = new Histogram({
  name: 'tenantry_platform_backup_seconds',
  help: 'How long writing a backup of the control plane took',
  buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1_800],
  registers,
});
const age = new Gauge({
  name: 'tenantry_platform_backup_age_seconds',
  help: 'Age of the newest proven backup of the control plane; -1 while there is none',
  registers,
});

export function countPlatformBackup(
  outcome: 'written' | 'proven' | 'failed',
  written?: { bytes: number; seconds: number },
): void {
  backups.inc({ outcome });
  if (!written) return;
  bytes.set(written.bytes);
  seconds.observe(written.seconds);
}

export const reportPlatformBackupAge = (ageSeconds: number | null): void => age.set(ageSeconds ?? -1);
