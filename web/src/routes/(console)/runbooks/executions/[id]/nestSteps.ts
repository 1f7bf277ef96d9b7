import type { ExecutionStep } from '#contracts/runbooks/executions.ts';

export interface Held {
  kind: 'sequence' | 'parallel';
  id: string;
  title: string;
  nodes: Node[];
}
export type Node = { kind: 'leaf'; step: ExecutionStep } | Held;

/** Steps as the runbook nests them: what follows each other within the same holder belongs together. */
export function nestSteps(steps: readonly ExecutionStep[]): Node[] {
  const nodes: Node[] = [];
  for (const step of steps) {
    let level = nodes;
    for (const { kind, id, title } of step.within) {
      const last = level.at(-1);
      const isSame = last !== undefined && last.kind !== 'leaf' && last.id === id;
      const held: Held = isSame ? last : { kind, id, title, nodes: [] };
      if (!isSame) level.push(held);
      level = held.nodes;
    }
    level.push({ kind: 'leaf', step });
  }
  return nodes;
}
