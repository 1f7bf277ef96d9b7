import type { BlueprintStep } from '#contracts/blueprints.ts';

export const stepKindTitles: Record<BlueprintStep['kind'], string> = {
  resource: 'Resource',
  check: 'Check',
  http: 'HTTP call',
  custom: 'Custom step',
};

/** Who carries it out. */
export function placeOf(step: BlueprintStep): string {
  if (step.kind === 'http') return step.url;
  if (step.kind === 'custom') return `${step.activity} on the queue ${step.taskQueue}`;
  return step.provider;
}

export function undoOf(step: BlueprintStep): string {
  if (step.kind === 'resource') return 'Removed again';
  if (step.kind === 'check') return 'Leaves nothing behind';
  if (step.irreversible) return 'Cannot be undone';
  return (step.kind === 'http' ? step.undoUrl : step.undo) ?? 'None';
}

export function policyOf({ onFailure, skippable }: BlueprintStep): string {
  const policy = onFailure === 'wait' ? 'Waits for a person' : 'Rolls everything back';
  return skippable ? `${policy}; may be skipped` : policy;
}
