import type { z } from 'zod';
import type { ActionDescription } from '#contracts/runbooks/actions.ts';
import { DomainError } from '#contracts/errors.ts';
import { fieldsOf } from '#contracts/fields.ts';

/** What an action is told beside its parameters; by a worker of Temporal and by `tenantry recover` alike. */
export interface ActionContext {
  /** Aborted when the step is cancelled, or the process is asked to go. */
  signal: AbortSignal;
  /** Says that it lives, and how far it is, in a few words for who looks on. Call it as often as you like. */
  heartbeat(progress?: string): void;
  /** The execution that it belongs to. */
  executionId: string;
  /** The same in every attempt of this step in this execution: what an effect elsewhere is made idempotent with. */
  effectKey: string;
  /**
   * Refuses (`run_over`) when the step has moved on. Asked right before what cannot be taken back, by an attempt that may have been frozen and taken
   * for dead meanwhile: what was its server's to lose then is another's now.
   */
  stillWanted(): Promise<void>;
  isPractice: boolean;
  /** Workflow time in milliseconds: business time is told, not looked up. */
  now: number;
  /** When the execution began, in the same milliseconds. */
  startedAt: number;
}

/** Small JSON without secrets; the fields that the description tells of. */
export type ActionResult = Record<string, string | number | boolean | null>;

/** One action, carried out. Every part may run twice, and an undo may run alone, also where its act never began. */
export interface Action<Params extends z.ZodType = z.ZodType> {
  description: ActionDescription<Params>;
  /** Errors: `DomainError` is for good and is shown; `ProviderError` says itself whether it may pass; all others are tried again. */
  act(params: z.output<Params>, context: ActionContext): Promise<ActionResult | void>;
  undo?(params: z.output<Params>, context: ActionContext): Promise<void>;
  /** What is done in practice where the description says `instead`. */
  rehearse?(params: z.output<Params>, context: ActionContext): Promise<ActionResult | void>;
}

/** An action of any parameters, as the interpreter calls it: they are checked before anything is touched. */
export type AnyAction = Action;

/** Binds what carries an action out to its description. Throws where the two do not fit: a worker does not start then. */
export function implement<Params extends z.ZodType>(
  description: ActionDescription<Params>,
  deeds: Omit<Action<Params>, 'description'>,
): AnyAction {
  const { name, practice, hasUndo } = description;
  if (hasUndo !== (deeds.undo !== undefined)) throw new Error(`${name} describes another undo than it has`);
  if ((practice === 'instead') !== (deeds.rehearse !== undefined))
    throw new Error(`${name} describes another practice than it has`);
  return { description, ...deeds } as unknown as AnyAction;
}

/** What a step gave, in the form that the action expects. Refuses with `input_invalid`. */
export function paramsOf<Params extends z.ZodType>(
  { name, params }: ActionDescription<Params>,
  given: unknown,
): z.output<Params> {
  const parsed = params.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DomainError('input_invalid', `What "${name}" was given does not fit it.`, {
    fields: fieldsOf(parsed.error.issues),
  });
}
