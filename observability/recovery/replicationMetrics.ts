import { Gauge } from 'prom-client';
import { registry } from '../metrics.ts';

const registers = [registry];
const labelNames = ['server'] as const;

const lagBytes = new Gauge({
  name: 'tenantry_standby_lag_bytes',
  help: 'How much of the log of writes the primary has safe on its disk and this standby has not; -1 while a side does not answer',
  labelNames,
  registers,
});
const lagSeconds = new Gauge({
  name: 'tenantry_standby_lag_seconds',
  help: 'How long ago the primary had its log where the standby has it now; -1 while that is not known',
  labelNames,
  registers,
});
const follows = new Gauge({
  name: 'tenantry_standby_follows',
  help: '1 while a standby streams from its primary and is near enough, 0 while it does not',
  labelNames,
  registers,
});

export function reportStandby(
  server: string,
  lag: { bytes: number | null; seconds: number | null; isWell: boolean },
): void {
  lagBytes.set({ server }, lag.bytes ?? -1);
  lagSeconds.set({ server }, lag.seconds ?? -1);
  follows.set({ server }, lag.isWell ? 1 : 0);
}

/** Of a server that is no standby any more. */
export function forgetStandby(server: string): void {
  for (const gauge of [lagBytes, lagSeconds, follows]) gauge.remove({ server });
}
