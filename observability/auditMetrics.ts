import { Counter, Gauge } from 'prom-client';
import { registry } from './metrics.ts';

const registers = [registry];

const sealedEntries = new Counter({
  name: 'tenantry_audit_sealed_total',
  help: 'Events that this process sealed into the chains of the audit',
  registers,
});

const lag = new Gauge({
  name: 'tenantry_audit_lag_seconds',
  help: 'Age of the oldest event that is not sealed, and of the oldest head that is not anchored; 0 when none waits',
  labelNames: ['of'],
  registers,
});

const intact = new Gauge({
  name: 'tenantry_audit_intact',
  help: '1 when the latest verification by this process found nothing, 0 when it found that the audit was tampered with',
  registers,
});

const verifiedAt = new Gauge({
  name: 'tenantry_audit_verified_timestamp_seconds',
  help: 'When this process last verified the audit',
  registers,
});

export function reportVerification(isIntact: boolean): void {
  intact.set(isIntact ? 1 : 0);
  verifiedAt.setToCurrentTime();
}

export const countSealed = (entries: number): void => sealedEntries.inc(entries);

export function reportSealingLag(seconds: { sealing: number; anchoring: number }): void {
  for (const [of, value] of Object.entries(seconds)) lag.set({ of }, Math.max(0, value));
}
