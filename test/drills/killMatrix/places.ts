import type { Position } from '#test/servers/faults.ts';

/** Where an execution can be cut: a step of a workflow, and how far it had come. */
export interface Place {
  step: string;
  moment: string;
  position: Position;
  /** It stands in a local activity, which keeps its workflow's task busy: few of them fit into one worker at once. */
  inWorkflowTask: boolean;
}

const at = (step: string, moment: string, name: string, when: Position['when'], inWorkflowTask = false): Place => ({
  step,
  moment,
  position: { at: name, when },
  inWorkflowTask,
});

/** A step whose activity is `name` and whose report says `reported`. */
export const step = (provider: string, name: string, reported: string, isLocal = false): Place[] => [
  ...local(provider, name, isLocal),
  at(provider, 'after the report', `${provider}.${reported}`, 'after', true),
];

/** A step beside its workflow: its activity reports for itself. */
export const local = (provider: string, name: string, isLocal = true): Place[] => [
  at(provider, 'before the call', name, 'before', isLocal),
  at(provider, 'after the effect', name, 'after', isLocal),
];

/** The undo of a step that is served outside. */
export const undoOutside = (provider: string, name: string): Place[] => [
  at(provider, 'before the undo', name, 'before'),
  at(provider, 'after the undo took effect', name, 'after'),
  at(provider, "after the undo's report", `${provider}.undone`, 'after', true),
];

export const undo = (provider: string): Place[] => [
  at(provider, 'before the undo', `${provider}.destroy`, 'before'),
  at(provider, 'after the undo took effect', `${provider}.destroy`, 'after'),
  at(provider, "after the undo's report", `${provider}.undone`, 'after', true),
];

/** An activity that writes its own outcome in its transaction. */
export const written = (provider: string, name: string): Place[] => [
  at(provider, `before ${name}`, name, 'before'),
  at(provider, `after ${name}`, name, 'after'),
];

/** The same for a local activity. */
export const noted = (provider: string, name: string): Place[] => [
  at(provider, `before ${name}`, name, 'before', true),
  at(provider, `after ${name}`, name, 'after', true),
];
