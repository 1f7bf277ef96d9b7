import { fork } from 'node:child_process';
import { join } from 'node:path';
import { BenchControlPlane, end, readyOf } from './benchControlPlane.ts';
import { percentile, type Figure } from './figure.ts';
import type { LoadOutcome } from './load/generator.ts';
import { processorMs } from './processCosts.ts';
import { LoadGenerator } from './load/loadGenerator.ts';

const path = '/api/v1/session';
const rounds = 5;
const seconds = 3;
const connections = 16;
/** Neither may refuse what the bench asks. */
const unlimited = '1000000/1';

interface Round extends LoadOutcome {
  /** In ms, of the process that answered. */
  processor: number;
}

async function costOf(pid: number, load: () => Promise<LoadOutcome>): Promise<Round> {
  const before = (await processorMs(pid)) ?? Number.NaN;
  const outcome = await load();
  return { ...outcome, processor: ((await processorMs(pid)) ?? Number.NaN) - before };
}

/**
 * A signed-in request that reads nothing from the registry, against Express 5 with JSON parsing and helmet that knows nobody: asked in
 * turns within the same minute by one process of their own, request log on, exporter off.
 */
export const signedIn: Figure = {
  name: 'signedIn',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api', {
      TENANTRY_LOG_LEVEL: 'info',
      TENANTRY_RATE_ADDRESS: unlimited,
      TENANTRY_RATE_USER: unlimited,
    });
    const headers = { Cookie: controlPlane.api.cookie };
    const session = await fetch(controlPlane.url + path, { headers });
    const bare = fork(join(import.meta.dirname, 'load', 'bareExpress.ts'), {
      env: { ...process.env, NODE_ENV: 'production', BENCH_ANSWER: await session.text() },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const generator = new LoadGenerator();
    try {
      const { url: bareUrl } = await readyOf(bare, 'bare Express');
      const ask = (url: string) =>
        generator.load({ url, path, asked: [{ headers }], seconds, connections, perSecond: null });
      await ask(controlPlane.url);
      await ask(bareUrl!);
      const ours: Round[] = [];
      const theirs: Round[] = [];
      for (let round = 0; round < rounds; round++) {
        ours.push(await costOf(controlPlane.pids['api']!, () => ask(controlPlane.url)));
        theirs.push(await costOf(bare.pid!, () => ask(bareUrl!)));
      }
      const rates = (outcomes: Round[]) => outcomes.map(({ count, seconds: took }) => count / took);
      const each = (outcomes: Round[]) => outcomes.map(({ count, processor }) => processor / count);
      const byProcessor = each(theirs).map((cost, round) => cost / each(ours)[round]!);
      const ratios = rates(ours).map((rate, round) => rate / rates(theirs)[round]!);
      const p50 = (values: number[]) => percentile(values, 0.5);
      const n = rounds;
      return [
        { what: 'signed-in requests without a database read', value: p50(rates(ours)), unit: '/s', n },
        { what: 'Express 5, JSON parsing, helmet, nobody known', value: p50(rates(theirs)), unit: '/s', n },
        { what: 'the first against the second', value: p50(ratios), unit: '×', n, limit: { atLeast: 0.6 } },
        { what: 'the same by processor time', value: p50(byProcessor), unit: '×', n },
      ];
    } finally {
      generator.stop();
      await end([bare]);
      await controlPlane.stop();
    }
  },
};
