import { Counter, Gauge } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];

const backups = new Counter({
  name: 'tenantry_server_backups_total',
  help: 'Base backups of the whole server, by what became of them',
  labelNames: ['outcome'] as const,
  registers,
});
const checks = new Counter({
  name: 'tenantry_archive_checks_total',
  help: "Checks of the server's archive, by what they found",
  labelNames: ['outcome'] as const,
  registers,
});
const age = new Gauge({
  name: 'tenantry_server_backup_age_seconds',
  help: 'Age of the newest proven base backup of the whole server; -1 while there is none',
  registers,
});
const checked = new Gauge({
  name: 'tenantry_archive_check_age_seconds',
  help: "Since when nobody has looked at the server's archive; -1 while nobody ever has",
  registers,
});

export const countServerBackup = (outcome: 'proven' | 'failed'): void => backups.inc({ outcome });
export const countArchiveCheck = (outcome: 'whole' | 'broken'): void => checks.inc({ outcome });
export function reportServerBackups(ages: { newest: number | null; check: number | null }): void {
  age.set(ages.newest ?? -1);
  checked.set(ages.check ?? -1);
}
