import { carryOutFiled, type FiledWorld } from '#activities/recovery/filed/carryOutFiled.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Deed, Move, Outcome, StepRecord } from '#domain/runbooks/engine/state.ts';
import type { FiledExecution } from '#domain/runbooks/filed/filedExecution.ts';
import { wordsFor, type Ask, type Heard } from './people.ts';

const looksAgainMs = 30_000;

/** Where it stands still: steps, and what may be told to them. */
export interface Waits {
  waits: { key: string; title: string; words: string[] }[];
}

const idOf = ({ key, verb, round }: Deed): string => `${key}/${verb}/${round}`;
const placeOf = ({ key, round, waitsFor, state }: StepRecord): string => `${key}/${round}/${waitsFor}/${state}`;
const asksSomebody = ({ waitsFor }: StepRecord): boolean =>
  waitsFor === 'decision' || waitsFor === 'person' || waitsFor === 'approval';

/**
 * Turns an execution to its end, or to where nobody is there to be asked. What is under way is waited for before it returns; when `signal` says so,
 * it is told to leave, and the journal says where to go on.
 */
export async function goOn(
  execution: FiledExecution,
  world: FiledWorld,
  { ask, say, signal }: { ask: Ask; say: (text: string) => void; signal: AbortSignal },
): Promise<Outcome | Waits> {
  const underWay = new Map<string, { leave: AbortController; isUndo: boolean; over: Promise<void> }>();
  const unanswered = new Set<string>();
  let asking: { place: string; leave: AbortController } | null = null;
  let wake: () => void = () => undefined;
  let isWoken: boolean;
  const wakeUp = (): void => ((isWoken = true), wake());
  signal.addEventListener('abort', wakeUp, { once: true });

  // The journal could not be written: what is under way is left, and the command ends with it.
  let failure: { error: unknown } | null = null;
  const fail = (error: unknown): void => void (failure ??= { error });

  const begin = (deed: Deed): void => {
    const leave = new AbortController();
    const over = carryOutFiled(world, execution, deed, leave.signal)
      .then(() => tellResult(execution, deed, say), fail)
      .finally(() => {
        underWay.delete(idOf(deed));
        wakeUp();
      });
    underWay.set(idOf(deed), { leave, isUndo: deed.verb === 'undo', over });
  };
  const askFor = (step: StepRecord): void => {
    const place = placeOf(step);
    const leave = new AbortController();
    asking = { place, leave };
    void ask(execution, step, leave.signal)
      .then((heard) => (heard ? hear(execution, step.key, heard, say) : void unanswered.add(place)))
      .catch((error: unknown) => void (leave.signal.aborted || fail(error)))
      .finally(() => {
        asking = null;
        wakeUp();
      });
  };

  try {
    for (;;) {
      isWoken = false;
      if (failure) throw (failure as { error: unknown }).error;
      const turn = execution.turn(new Date());
      for (const move of turn.moves) tellMove(execution, move, say);
      for (const deed of turn.dropped) underWay.get(idOf(deed))?.leave.abort();
      if (turn.outcome && underWay.size === 0) return turn.outcome;
      if (signal.aborted) throw signal.reason;
      const mayUndo = [...underWay.values()].every(({ isUndo }) => isUndo);
      for (const deed of turn.deeds) if (!underWay.has(idOf(deed)) && (deed.verb !== 'undo' || mayUndo)) begin(deed);

      const waiting = [...execution.steps.values()].filter((step) => asksSomebody(step) && !step.told);
      const open = asking as { place: string; leave: AbortController } | null;
      if (open && !waiting.some((step) => placeOf(step) === open.place)) open.leave.abort();
      const next = waiting.find((step) => !unanswered.has(placeOf(step)));
      if (!open && next) askFor(next);
      const clockRuns = [...execution.steps.values()].some(({ waitsFor }) => waitsFor === 'time');
      if (!asking && underWay.size === 0 && !clockRuns && waiting.length > 0)
        return {
          waits: waiting.map((step) => ({
            ...{ key: step.key, title: execution.leafOf(step.key).title, words: wordsFor(execution, step) },
          })),
        };
      const untilMs = turn.wakeAt === null ? looksAgainMs : Math.min(Math.max(turn.wakeAt - Date.now(), 0) + 1, looksAgainMs); // prettier-ignore
      if (!isWoken)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, untilMs);
          wake = () => (clearTimeout(timer), resolve());
        });
    }
  } finally {
    (asking as { leave: AbortController } | null)?.leave.abort();
    for (const { leave } of underWay.values()) leave.abort();
    await Promise.all([...underWay.values()].map(({ over }) => over));
  }
}

function hear(execution: FiledExecution, key: string, heard: Heard, say: (text: string) => void): void {
  try {
    const { by, note } = heard;
    if (heard.is === 'decided') execution.decide(key, { decision: heard.decision, by, note }, new Date());
    else if (heard.is === 'verdict') execution.judge(key, { verdict: heard.verdict, by, note }, new Date());
    else execution.complete(key, { outcome: heard.outcome, by, note, answers: heard.answers }, new Date());
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const fields = error.fields.map(({ path, message }) => `${path} ${message}`).join('; ');
    say(`✖ ${error.publicMessage}${fields ? ` ${fields}` : ''} (${error.code})`);
  }
}

function tellResult(execution: FiledExecution, { key, round }: Deed, say: (text: string) => void): void {
  const step = execution.steps.get(key)!;
  if (step.round !== round) return;
  const { title } = execution.leafOf(key);
  if (step.state === 'done' || step.state === 'undone')
    say(`✔ ${step.state === 'undone' ? 'taken back: ' : ''}${title}`);
  if (step.state === 'failed' || step.state === 'undo_failed') say(`✖ ${title} – ${step.reason?.text} (${step.reason?.code})`); // prettier-ignore
}

const words: Partial<Record<Move['is'], string>> = {
  begun: '▶',
  opened: '…',
  done: '✔',
  skipped: '↷ passed over:',
  failed: '✖ failed:',
  asked: '? waits for a decision:',
  undo_begun: '↩ taking back:',
  undone: '✔ taken back:',
  undo_asked: '? could not be taken back:',
  left: '↷ left as it is:',
  overran: '⏱ over its budget:',
  stopped: '■ stops',
};

function tellMove(execution: FiledExecution, { is, key, reason }: Move, say: (text: string) => void): void {
  const word = words[is];
  if (word) say([word, key ? execution.leafOf(key).title : null, reason?.text].filter(Boolean).join(' – ').replace(' – ', ' ')); // prettier-ignore
}
