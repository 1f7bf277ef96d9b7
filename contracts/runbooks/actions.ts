import type { z } from 'zod';

/**
 * What becomes of a step in practice: `same` does the same thing, because it changes nothing or only a place of its own; `instead` does
 * what rehearses it; `skipped` passes it over and says so. What declares nothing stops a practice run at its step.
 */
export const practiceKinds = ['same', 'instead', 'skipped'] as const;
export type PracticeKind = (typeof practiceKinds)[number];

export type ToldKind = 'text' | 'number' | 'boolean' | 'time';

/** What steps may do by name, as the editor and the interpreter know it. What carries it out lies in `activities/recovery/`. */
export interface ActionDescription<Params extends z.ZodType = z.ZodType> {
  /** `<noun>.<verb>`: what the Temporal UI shows, and what a step names. */
  name: `${string}.${string}`;
  title: string;
  /** One sentence for who writes a runbook. */
  description: string;
  /** A strict object: what a step of this action is given, after its references are resolved. */
  params: Params;
  /** The fields of its result; later steps may refer to them. Small, and no secrets. */
  tells: Record<string, ToldKind>;
  /** Left out where nobody has thought about it: practice stops there. */
  practice?: PracticeKind;
  /** Whether it comes with an undo of its own, which a step may declare as its compensation. */
  hasUndo: boolean;
}

/** The identity, so that what carries it out knows its parameters by type. */
export const describeAction = <Params extends z.ZodType>(
  description: ActionDescription<Params>,
): ActionDescription<Params> => description;
