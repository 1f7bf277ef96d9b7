import { createInterface } from 'node:readline';
import { fillIn } from '#domain/runbooks/engine/references.ts';
import { possibleDecisions, type StepRecord } from '#domain/runbooks/engine/state.ts';
import type { StepDecisionKind } from '#contracts/runbooks/executions.ts';
import type { FiledExecution } from '#domain/runbooks/filed/filedExecution.ts';

/** What somebody told about a step that waits for them. */
export type Heard =
  | { is: 'decided'; decision: StepDecisionKind; by: string; note: string }
  | { is: 'completed'; outcome: 'done' | 'failed'; by: string; note: string; answers: Record<string, unknown> }
  | { is: 'verdict'; verdict: 'approve' | 'refuse'; by: string; note: string };

/** Null where nobody is there to be asked. */
export type Ask = (execution: FiledExecution, step: StepRecord, signal: AbortSignal) => Promise<Heard | null>;

/** What may be answered to a step now. */
export function wordsFor(execution: FiledExecution, step: StepRecord): string[] {
  const leaf = execution.leafOf(step.key);
  const own =
    step.waitsFor === 'person' ? ['done', 'failed'] : step.waitsFor === 'approval' ? ['approve', 'refuse'] : [];
  return [...own, ...possibleDecisions(step, leaf, execution.head.direction)];
}

export interface Answer {
  word: string;
  by: string;
  note: string;
}

export function heardOf({ word, by, note }: Answer, answers: Record<string, unknown>): Heard {
  if (word === 'done' || word === 'failed') return { is: 'completed', outcome: word, by, note, answers };
  if (word === 'approve' || word === 'refuse') return { is: 'verdict', verdict: word, by, note };
  return { is: 'decided', decision: word as StepDecisionKind, by, note };
}

/** Lines of a terminal, also those that were typed ahead. Null when there are no more. */
export class Lines {
  readonly #waiting: ((line: string | null) => void)[] = [];
  readonly #read: string[] = [];
  readonly #close: () => void;
  #isOver = false;

  constructor(input: NodeJS.ReadableStream) {
    const lines = createInterface({ input });
    this.#close = () => lines.close();
    lines.on('line', (line) => {
      const next = this.#waiting.shift();
      if (next) next(line);
      else this.#read.push(line);
    });
    lines.on('close', () => {
      this.#isOver = true;
      for (const next of this.#waiting.splice(0)) next(null);
    });
  }

  next(signal: AbortSignal): Promise<string | null> {
    const read = this.#read.shift();
    if (read !== undefined) return Promise.resolve(read);
    if (this.#isOver) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const take = (line: string | null): void => (signal.removeEventListener('abort', leave), resolve(line));
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  close(): void {
    this.#close();
  }
}

/** Asks at the terminal, in words; several people may type their names one after the other. */
export function askAt(lines: Lines, say: (text: string) => void): Ask {
  return async (execution, step, signal) => {
    const leaf = execution.leafOf(step.key);
    const words = wordsFor(execution, step);
    if (words.length === 0) return null;
    const ask = async (question: string): Promise<string | null> => {
      say(`${question} >`);
      const line = await lines.next(signal);
      return line === null ? null : line.trim();
    };
    say(`\n— ${leaf.title} (${step.key})`);
    if (step.reason) say(`  ${step.reason.text} (${step.reason.code})`);
    const isUndo = step.state === 'undoing' && leaf.undo?.kind === 'manual';
    const text = isUndo && leaf.undo?.kind === 'manual' ? leaf.undo.instructions : leaf.instructions;
    if (text && (step.waitsFor === 'person' || step.waitsFor === 'approval')) say(fillIn(text, execution.known));
    if (leaf.kind === 'manual' && leaf.role) say(`  For: ${leaf.role}`);
    if (leaf.kind === 'manual' && leaf.message) say(`  Message to send:\n${fillIn(leaf.message, execution.known)}`);
    if (leaf.kind === 'approval') {
      const given = execution.verdictsOf(step.key).map(({ by, verdict }) => `${by}: ${verdict}`);
      say(`  ${leaf.required} must approve ${execution.opened.boundTo.slice(0, 12)}${given.length > 0 ? `; so far ${given.join(', ')}` : ''}`); // prettier-ignore
    }
    for (;;) {
      const word = await ask(words.join(' / '));
      if (word === null) return null;
      if (!words.includes(word)) {
        say(`  "${word}" is none of ${words.join(', ')}.`);
        continue;
      }
      const answers: Record<string, unknown> = {};
      if (word === 'done' && leaf.kind === 'manual' && !isUndo)
        for (const { name, title, type } of leaf.asks) {
          const told = await ask(title);
          if (told === null) return null;
          if (told !== '') answers[name] = valueOf(told, type);
        }
      let by = await ask('Your name');
      while (by === '') by = await ask('Your name (it is noted)');
      const note = by === null ? null : await ask('Why, or what came of it (may be empty)');
      return by === null || note === null ? null : heardOf({ word, by, note }, answers);
    }
  };
}

export const valueOf = (text: string, type: 'text' | 'number' | 'boolean'): string | number | boolean => {
  if (type === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (type === 'boolean' && /^(?:true|yes|y|false|no|n)$/i.test(text)) return /^[ty]/i.test(text);
  return text;
};
