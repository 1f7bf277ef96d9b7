import { refuseUnserved } from '#activities/recovery/filed/carryOutFiled.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Outcome } from '#domain/runbooks/engine/state.ts';
import { bindingOf, FiledExecution } from '#domain/runbooks/filed/filedExecution.ts';
import { JournalFile, replaceFile } from '#domain/runbooks/filed/journalFile.ts';
import { viewFiled } from '#domain/runbooks/filed/viewFiled.ts';
import { reportOf } from '#domain/runbooks/viewing/report.ts';
import { join } from 'node:path';
import { exitCodes, Unable } from '../exitCodes.ts';
import { askFlags, type Told } from './flags.ts';
import { goOn } from './goOn.ts';
import { holdJournal } from './holdJournal.ts';
import { askAt, Lines } from './people.ts';
import { inputsOf, whichRunbook } from './whichRunbook.ts';
import { worldWithout, type World } from './world.ts';

export interface Wanted {
  /** Null: what the journal is about. */
  runbook: string | null;
  folder: string;
  operator: string;
  inputs: string[];
  practice: boolean;
  told: Told[];
  answers: Map<string, string>;
  mayAsk: boolean;
  say(text: string): void;
}

const reportName = 'report.md';

/**
 * Carries a runbook out by a journal, to its end or to where it waits for a person. Refuses with `journal_held`, `journal_damaged`,
 * `journal_other`, `runbook_invalid`, `input_invalid`, `action_needs_platform`; throws {@link Unable}. Nothing is done before all of that
 * was looked at.
 *
 * @returns the code to end with
 */
export async function recover(wanted: Wanted): Promise<number> {
  const { folder, operator, say } = wanted;
  const chosen = await choose(wanted);
  const release = await holdJournal(folder, operator);
  const leave = new AbortController();
  const asked = (): void => leave.abort(new Unable('Stopped on request. The same command goes on where this ends.'));
  process.once('SIGINT', asked).once('SIGTERM', asked);
  const lines = wanted.mayAsk ? new Lines(process.stdin) : null;
  const world = worldWithout(say);
  let execution: FiledExecution | null = null;
  try {
    const journal = JournalFile.open(folder);
    execution = begin(journal, { chosen, world }, wanted);
    refuseUnserved(execution.definition.steps, world);
    say(`${execution.definition.title}${execution.opened.practice ? ' (practice)' : ''}: execution ${execution.opened.executionId}, journal ${folder}`); // prettier-ignore
    const ask = askFlags([...wanted.told], wanted.answers, lines && askAt(lines, say));
    const came = await goOn(execution, world, { ask, say, signal: leave.signal });
    if (typeof came === 'string') return endedAs(came, say);
    for (const { key, title, words } of came.waits)
      say(`■ It waits for a person at "${title}". Go on by the same command with --decide ${key}=<${words.join('|')}>,<who>,<why>.`); // prettier-ignore
    return exitCodes.waits;
  } finally {
    if (execution) {
      replaceFile(folder, reportName, reportOf(viewFiled(execution, new Date())));
      say(`report: ${join(folder, reportName)}`);
    }
    lines?.close();
    process.off('SIGINT', asked).off('SIGTERM', asked);
    await world.close();
    await release();
  }
}

function endedAs(outcome: Outcome, say: (text: string) => void): number {
  say(`It ended: ${outcome.replaceAll('_', ' ')}.`);
  return outcome === 'succeeded' ? exitCodes.fine : exitCodes.found;
}

type Chosen = Awaited<ReturnType<typeof choose>>;

/** Looked at before the folder is touched. */
async function choose({ runbook, inputs, practice, operator }: Wanted) {
  if (runbook === null) return null;
  const chosen = await whichRunbook(runbook);
  const { name, definition } = chosen;
  // Those of a journal that is there are not asked for again.
  return { definition, given: inputs.length > 0 || practice, make: () => ({ runbook: name, definition, inputs: inputsOf(chosen, inputs), practice, startedBy: operator }) }; // prettier-ignore
}

function begin(
  journal: JournalFile,
  { chosen, world }: { chosen: Chosen; world: World },
  { folder, operator, inputs, practice }: Wanted,
): FiledExecution {
  if (journal.entries.length === 0) {
    if (!chosen) throw new Unable(`There is no journal in ${folder}: name the runbook that it is for.`);
    const made = chosen.make();
    refuseUnserved(made.definition.steps, world);
    return FiledExecution.begin(journal, made, new Date());
  }
  const execution = new FiledExecution(journal);
  const { opened } = execution;
  if (!chosen && (inputs.length > 0 || practice))
    throw new DomainError('journal_other', 'The journal has its inputs already: go on without any, or in another folder.'); // prettier-ignore
  if (chosen) {
    const same = { definition: chosen.definition, inputs: opened.inputs, practice: opened.practice, runbook: opened.runbook }; // prettier-ignore
    if (bindingOf(same) !== opened.boundTo)
      throw new DomainError('journal_other', `The journal is of ${opened.runbook} (${opened.digest.slice(0, 12)}), which is another runbook or another version of it. Go on without naming one, or begin in another folder.`); // prettier-ignore
    if (chosen.given && bindingOf(chosen.make()) !== opened.boundTo)
      throw new DomainError('journal_other', 'The journal was begun with other inputs. Go on without any, or begin in another folder.'); // prettier-ignore
  }
  if (!execution.outcome) execution.resume(operator, new Date());
  return execution;
}
