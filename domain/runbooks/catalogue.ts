import { actionOf } from '#contracts/runbooks/catalogue.ts';
import type { PracticeKind } from '#contracts/runbooks/actions.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';
import { workflowOf } from '#contracts/runbooks/workflows.ts';
import type { StepMode } from './engine/state.ts';

/** What a step does in practice where it says nothing itself; null stops a practice there. */
export function declaredPractice(leaf: LeafStep): PracticeKind | null {
  switch (leaf.kind) {
    case 'action':
      return actionOf(leaf.action)?.practice ?? null;
    case 'workflow':
      return workflowOf(leaf.workflow)?.practice ?? null;
    case 'http':
      // What is sent may change something; what is only read does not.
      return leaf.method === 'POST' ? null : 'same';
    case 'sql':
    case 'wait':
    case 'manual':
    case 'approval':
      return 'same';
    case 'custom':
      return null;
  }
}

/** How a step is carried out in an execution, and by which step: in practice another one may stand for it. */
export function carriedOut(leaf: LeafStep, isPractice: boolean): { leaf: LeafStep; mode: StepMode } {
  if (!isPractice) return { leaf, mode: 'act' };
  if (leaf.practice !== null && typeof leaf.practice === 'object') {
    // Checked when the version was made; it keeps the name that others refer to.
    const instead = leaf.practice.instead as LeafStep;
    return { leaf: { ...instead, id: leaf.id }, mode: 'act' };
  }
  const practice = leaf.practice ?? declaredPractice(leaf);
  const modes = { same: 'act', instead: 'rehearse', skipped: 'skip' } as const;
  return { leaf, mode: practice === null ? 'stop' : modes[practice] };
}

/** The fields that a step is known to tell; null where nobody can know before it runs. */
export function toldBy(leaf: LeafStep): readonly string[] | null {
  switch (leaf.kind) {
    case 'action':
      return Object.keys(actionOf(leaf.action)?.tells ?? {});
    case 'workflow':
      return Object.keys(workflowOf(leaf.workflow)?.tells ?? {});
    case 'sql':
      return ['rows', ...leaf.tells];
    case 'http':
      return ['status'];
    case 'manual':
      return leaf.asks.map(({ name }) => name);
    case 'wait':
    case 'approval':
      return [];
    case 'custom': {
      const declared = leaf.outputSchema?.['properties'];
      return typeof declared === 'object' && declared !== null ? Object.keys(declared) : [];
    }
  }
}
