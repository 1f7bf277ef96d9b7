import type { ExecutionStep, ExecutionSummary, StepDecisionKind, WaitsFor } from '#contracts/runbooks/executions.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import type { Runbook, RunbookDefinition, RunbookInput } from '#contracts/runbooks/runbooks.ts';
import type { Compensation, LeafKind, LeafStep } from '#contracts/runbooks/steps.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { runStateWords, stepStateWords, type Word } from '#lib/display/words.ts';

export const stepKindTitles: Record<LeafKind, string> = {
  action: 'Action',
  workflow: 'Workflow',
  sql: 'SQL check',
  http: 'HTTP check',
  wait: 'Wait',
  manual: 'By a person',
  approval: 'Approval',
  custom: 'Custom step',
};

/** A length that somebody chose, in seconds: `45 s`, `5 min`, `1 h 30 min`, `2 d`. */
export function secondsText(seconds: number): string {
  const parts: string[] = [];
  let left = Math.round(seconds);
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(left / length);
    if (count > 0) parts.push(`${count} ${unit}`);
    left -= count * length;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** What a step does, in a few words; what a program would call it is told by `doneBy`. */
export function doneBy(step: LeafStep): string {
  switch (step.kind) {
    case 'action':
      return step.action;
    case 'workflow':
      return step.workflow;
    case 'sql':
      return `asks ${step.on === 'registry' ? 'the registry' : `the data store ${step.on}`}`;
    case 'http':
      return `${step.method} ${step.url}`;
    case 'wait':
      return secondsText(step.seconds);
    case 'manual':
      return step.role;
    case 'approval':
      return `${step.required} of ${step.among.length > 0 ? step.among.join(', ') : 'those who may decide'}${step.notByStarter ? ', not who started it' : ''}`;
    case 'custom':
      return `${step.activity} on the queue ${step.taskQueue}`;
  }
}

/** What becomes of a step in practice, where it says so itself. */
export function practiceText({ practice }: Pick<LeafStep, 'practice'>): string | null {
  if (practice === null) return null;
  if (typeof practice === 'object') return 'another step stands for it';
  return { same: 'the same is done', instead: 'it is rehearsed', skipped: 'it is passed over' }[practice];
}

export const failureTexts: Record<LeafStep['onFailure'], string> = {
  wait: 'waits for a decision',
  stop: 'stops, and takes back',
  continue: 'goes on',
};

export function undoText(undo: Compensation): string {
  if (undo.kind === 'own') return 'by its own undo';
  return undo.kind === 'action' ? `by ${undo.action}` : 'by a person';
}

export const exclusiveTexts: Record<RunbookDefinition['exclusive'], string> = {
  runbook: 'One execution at a time.',
  inputs: 'One execution at a time with the same inputs.',
  no: 'As many executions at a time as one likes.',
};

export const originWords: Record<Runbook['latest']['origin'], string> = { shipped: 'shipped', written: 'written here' };

export const inputTypeTitles: Record<RunbookInput['type'], string> = {
  text: 'text',
  number: 'number',
  boolean: 'yes or no',
  time: 'a moment',
  tenant: 'a tenant',
  choice: 'a choice',
};

export const stepDecisionWords: Record<StepDecisionKind, { title: string; done: string; asks: string; tells: string }> =
  {
    retry: { title: 'Retry', done: 'Retried', asks: '', tells: '' },
    skip: {
      title: 'Skip',
      done: 'Skipped',
      asks: 'Skip this step?',
      tells: 'The runbook goes on without it. Later steps that need what it would have told may not be possible.',
    },
    stop: {
      title: 'Stop the runbook',
      done: 'Stopped',
      asks: 'Stop the runbook here?',
      tells: 'Nothing more is begun, and what declares how it is taken back is taken back, in reverse.',
    },
    continue: { title: 'Continue', done: 'Continued', asks: '', tells: '' },
    leave: {
      title: 'Leave it so',
      done: 'Left as it is',
      asks: 'Leave it undone?',
      tells: 'What this step did stays where it is, and a task asks people to look after it.',
    },
  };

export const waitsForTexts: Record<WaitsFor, string> = {
  decision: 'a decision',
  person: 'a person',
  approval: 'approval',
  time: 'its time',
  breakpoint: 'somebody to continue',
  pause: 'the end of the pause',
};

/** How a step of an execution stands: what it waits for says more than that it waits. */
export function stepWord({ state, waitsFor, mode }: Pick<ExecutionStep, 'state' | 'waitsFor' | 'mode'>): Word {
  if (mode === 'passed' && state === 'skipped') return { title: 'Done before', tone: 'quiet' };
  if (mode === 'skip' && state === 'skipped') return { title: 'Passed over in practice', tone: 'quiet' };
  if (waitsFor === 'time') return { title: 'Waits', tone: 'busy' };
  if (waitsFor !== null && state !== 'done') return { title: `Waits for ${waitsForTexts[waitsFor]}`, tone: 'warn' };
  if (mode === 'rehearse' && state === 'done') return { title: 'Rehearsed', tone: 'good' };
  return stepStateWords[state];
}

export function executionWord({ state, waitsFor }: Pick<ExecutionSummary, 'state' | 'waitsFor'>): Word {
  const asked = waitsFor.find(({ what }) => what !== 'time');
  if (!runIsOver(state) && state !== 'rolling_back' && asked)
    return { title: `Waits for ${waitsForTexts[asked.what]}`, tone: 'warn' };
  return runStateWords[state];
}

const modes: Partial<Record<ExecutionStep['mode'], string>> = {
  rehearse: 'In practice it is rehearsed.',
  skip: 'In practice it is passed over.',
  stop: 'It declares nothing for practice: practice stops here.',
  passed: 'Carried out by others before this execution.',
};
export const modeText = (mode: ExecutionStep['mode']): string | null => modes[mode] ?? null;

export function practiceWord({ enabled, isStale, blocked, lastPractisedAt }: PracticePlan): Word {
  if (isStale) return { title: 'Stale', tone: 'bad' };
  if (!enabled) return { title: 'Not by the clock', tone: 'quiet' };
  if (blocked) return { title: 'Needs inputs', tone: 'warn' };
  return lastPractisedAt ? { title: 'Practised', tone: 'good' } : { title: 'Never practised', tone: 'warn' };
}

const happened: Record<string, string> = {
  opened: 'Started',
  started: 'Under way',
  'step.begun': 'Began',
  'step.opened': 'Waits',
  'step.held': 'Stopped before it',
  'step.released': 'Went on',
  'step.done': 'Done',
  'step.passed': 'Taken as done before',
  'step.skipped': 'Passed over',
  'step.failed': 'Failed',
  'step.asked': 'Waits for a decision',
  'step.undo_begun': 'Began to take it back',
  'step.undone': 'Taken back',
  'step.undo_asked': 'Taking it back failed',
  'step.left': 'Left as it is',
  'step.overran': 'Took longer than its budget',
  overran: 'Took longer than its budget',
  stopped: 'Stopped',
  ended: 'Ended',
  decided: 'Decided',
  completed: 'Completed by hand',
  approved: 'Approved',
  refused: 'Refused',
  note: 'Note',
  paused: 'Asked to pause',
  resumed: 'Asked to go on',
  cancelled: 'Asked to stop',
  breakpoint: 'Changed a breakpoint',
};

const bad = new Set(['step.failed', 'step.undo_asked', 'refused', 'stopped']);
const warn = new Set(['overran', 'step.overran', 'step.asked', 'step.skipped', 'step.left', 'paused', 'step.held']);
const good = new Set(['step.done', 'approved', 'completed']);

/** An entry of the timeline; what no word is known for is told by its own name. */
export function happenedWord(kind: string, data: Record<string, unknown> = {}): Word {
  const tone = bad.has(kind) ? 'bad' : warn.has(kind) ? 'warn' : good.has(kind) ? 'good' : 'quiet';
  const decision = data['decision'];
  if (kind === 'decided' && typeof decision === 'string' && Object.hasOwn(stepDecisionWords, decision))
    return { title: stepDecisionWords[decision as StepDecisionKind].done, tone: decision === 'stop' ? 'bad' : 'warn' };
  return { title: happened[kind] ?? kind.replaceAll(/[._]/g, ' '), tone };
}
