import { Counter } from 'prom-client';
import { registry } from './metrics.ts';

const registers = [registry];

const lines = new Counter({
  name: 'tenantry_import_lines_total',
  help: 'Lines of imports by what became of them: a tenant made, one that was there already, or none',
  labelNames: ['outcome'],
  registers,
});

const received = new Counter({
  name: 'tenantry_import_received_bytes_total',
  help: 'Bytes of files of tenants that this process received',
  registers,
});

export function countImportLines(outcomes: { created: number; failed: number; existing: number }): void {
  for (const [outcome, count] of Object.entries(outcomes)) if (count > 0) lines.inc({ outcome }, count);
}

export const countImportBytes = (bytes: number): void => received.inc(bytes);
