import { DomainError } from '#contracts/errors.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';
import { resolve, type Known } from '#domain/runbooks/engine/references.ts';
import type { Deed } from '#domain/runbooks/engine/state.ts';
import { paramsOf, type ActionContext, type ActionResult, type AnyAction } from './action.ts';

/** What an action does for a step's deed, with what the step gives it; the same by rows and by a file. */
export async function byName(
  action: AnyAction,
  { leaf, known, verb }: { leaf: LeafStep; known: Known; verb: Deed['verb'] },
  context: ActionContext,
): Promise<ActionResult | void> {
  const asked =
    verb === 'undo' && leaf.undo?.kind === 'action' ? leaf.undo.params : leaf.kind === 'action' ? leaf.params : {};
  const params = paramsOf(action.description, resolve(asked, known, refuseReference)) as never;
  // Another action as compensation is carried out; only one's own is undone.
  if (verb === 'undo' && leaf.undo?.kind === 'own') return action.undo?.(params, context);
  return verb === 'rehearse' ? action.rehearse?.(params, context) : action.act(params, context);
}

export const refuseReference = (reference: string): never => {
  throw new DomainError('input_invalid', `It refers to "${reference}", which was not told.`);
};
