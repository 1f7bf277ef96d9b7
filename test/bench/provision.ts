import { BenchControlPlane, type Layout } from './benchControlPlane.ts';
import { percentile, type Bench, type Figure, type Measured } from './figure.ts';

const warmUps = 8;
const count = 40;
const layouts: { layout: Layout; title: string }[] = [
  { layout: 'api+worker', title: 'one process' },
  { layout: 'api, worker', title: 'two processes' },
];

/** One tenant at a time, from the request's first byte to the event that shows the run succeeded. */
export const provision: Figure = {
  name: 'provision',
  async measure(bench) {
    const measured: Measured[] = [];
    for (const { layout, title } of layouts) {
      const { accepted, whole } = await oneByOne(bench, layout);
      const n = whole.length;
      measured.push(
        { what: `accepted by the API, ${title}, p50`, value: percentile(accepted, 0.5), unit: 'ms', n },
        { what: `provisioned, ${title}, p50`, value: percentile(whole, 0.5), unit: 'ms', n, limit: { atMost: 200 } },
        { what: `provisioned, ${title}, p95`, value: percentile(whole, 0.95), unit: 'ms', n, limit: { atMost: 1_000 } },
      );
    }
    return measured;
  },
};

async function oneByOne(bench: Bench, layout: Layout): Promise<{ accepted: number[]; whole: number[] }> {
  const controlPlane = await BenchControlPlane.start(bench, layout);
  try {
    const accepted: number[] = [];
    const whole: number[] = [];
    for (let i = -warmUps; i < count; i++) {
      const began = performance.now();
      const { runId } = await controlPlane.api.createTenant(`Bench ${i + warmUps}`);
      const answered = performance.now();
      await controlPlane.api.succeeded(runId);
      if (i < 0) continue;
      accepted.push(answered - began);
      whole.push(performance.now() - began);
    }
    return { accepted, whole };
  } finally {
    await controlPlane.stop();
  }
}
