import { HoldingStep, LeafStep, type RunbookStep } from '#contracts/runbooks/steps.ts';

/** The steps that can be read already, with every default written out; those that cannot are left out and counted. */
export function readableSteps(given: unknown): { steps: RunbookStep[]; unread: number } {
  if (!Array.isArray(given)) return { steps: [], unread: 0 };
  const steps: RunbookStep[] = [];
  let unread = 0;
  for (const one of given as unknown[]) {
    const leaf = LeafStep.safeParse(one);
    const holding = HoldingStep.safeParse(one);
    if (leaf.success) steps.push(leaf.data);
    else if (holding.success) {
      const inner = readableSteps(holding.data.steps);
      unread += inner.unread;
      steps.push({ ...holding.data, steps: inner.steps });
    } else unread += 1;
  }
  return { steps, unread };
}
