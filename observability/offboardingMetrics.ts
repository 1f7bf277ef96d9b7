import { Counter, Histogram } from 'prom-client';
import { registry } from './metrics.ts';

const registers = [registry];

const exportedBytes = new Counter({
  name: 'tenantry_export_bytes_total',
  help: 'Bytes that were exported for tenants that leave',
  registers,
});
const exportSeconds = new Histogram({
  name: 'tenantry_export_seconds',
  help: 'How long the export of a tenant took',
  buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1_800, 7_200],
  registers,
});
const erasures = new Counter({
  name: 'tenantry_erasures_total',
  help: 'Tenants whose erasure was certified',
  registers,
});
const downloads = new Counter({
  name: 'tenantry_export_downloads_total',
  help: 'Exports that were fetched to their end',
  registers,
});

export function countExport({ bytes }: { bytes: number }, seconds: number): void {
  exportedBytes.inc(bytes);
  exportSeconds.observe(seconds);
}
export const countErasure = (): void => erasures.inc();
export const countExportDownload = (): void => downloads.inc();
