import { waitedTooLong } from '#test/run/patience.ts';

const pairs = 20;
const rounds = 3;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * That two acts cannot be told apart by how long they take: medians of alternating turns, so that whatever else the machine does falls
 * on both. A difference that is there shows in every round, and always for the same act; one by chance does not.
 */
export async function assertSameTime(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  prepare: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const ratios: number[] = [];
  while (ratios.length < rounds) {
    const times: [number[], number[]] = [[], []];
    for (let turn = 0; turn < pairs; turn++)
      for (const which of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        await prepare();
        const begun = performance.now();
        await [one, other][which]!();
        times[which].push(performance.now() - begun);
      }
    const ratio = median(times[0]) / median(times[1]);
    ratios.push(ratio);
    const isSlower = ratios.map((one) => one > 1);
    if ((ratio > 0.8 && ratio < 1.25) || new Set(isSlower).size > 1) return;
  }
  throw waitedTooLong(`one takes ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} times as long as the other`);
}
