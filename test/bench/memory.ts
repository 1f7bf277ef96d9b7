import { BenchControlPlane } from './benchControlPlane.ts';
import type { Figure, Measured } from './figure.ts';
import { residentMb } from './processCosts.ts';

const provisioned = 20;

/** Resident memory of each process: of the control plane just started, and of all after a few tenants. */
export const memory: Figure = {
  name: 'memory',
  async measure(bench) {
    const { servers } = bench;
    const controlPlane = await BenchControlPlane.start(bench, 'api+worker');
    try {
      const own = controlPlane.pids['api+worker']!;
      const atStart = await residentMb(own);
      for (let i = 0; i < provisioned; i++)
        await controlPlane.api.succeeded((await controlPlane.api.createTenant(`Memory ${i}`)).runId);
      const measured: Measured[] = [
        { what: 'control plane, just started', value: atStart, unit: 'MB' },
        { what: `control plane, after ${provisioned} tenants`, value: await residentMb(own), unit: 'MB' },
        { what: 'PostgreSQL, sum of its processes', value: await residentMb(servers.pids['postgres']!), unit: 'MB' },
        { what: 'Temporal', value: await residentMb(servers.pids['temporal']!), unit: 'MB' },
      ];
      return measured;
    } finally {
      await controlPlane.stop();
    }
  },
};
