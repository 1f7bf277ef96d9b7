import { runMocha, type MochaOutcome, type MochaRun } from './mocha.ts';

const mostFiles = 3;
/** Chance is what these are about: what does not come once in many runs is what they look for. */
const chance = [/^test\/drills\//, /killed/i, /rebuild/i];

/**
 * Runs everything, and alone what only waited too long beside others: nothing wrong was seen there, and nothing shown. A wrong value is red at once, as is what
 * does not come alone either, or in more than a few files. What did come then is told, and where (docs/decisions/0112).
 */
export async function runAndAskAgain(
  run: MochaRun,
  ask = runMocha,
  tell: (text: string) => void = console.log,
): Promise<MochaOutcome> {
  const first = await ask(run);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  if (run.signal.aborted || run.files.length < 2 || !mayBeAskedAgain(first, files)) return first;
  tell(`\n⚠ waited too long beside others, and run again alone: ${files.join(', ')}\n`);
  const second = await ask({ ...run, files, args: [...run.args, '--no-parallel'] });
  const titles = first.failures.map(({ title, file }) => `\n  ${title} (${file})`).join('');
  if (second.failed === 0 && second.passed > 0)
    tell(`\n⚠ UNSTEADY: did not come in time beside others, and did alone:${titles}`);
  const before = files.reduce((sum, file) => sum + (first.passesOf[file] ?? 0), 0);
  return {
    ...second,
    passed: first.passed - before + second.passed,
    skipped: first.skipped + second.skipped,
  };
}

function mayBeAskedAgain({ failed, failures }: MochaOutcome, files: readonly string[]): boolean {
  return (
    failed > 0 &&
    failures.length === failed &&
    files.length <= mostFiles &&
    failures.every(({ file, waited }) => waited && file !== '' && !chance.some((one) => one.test(file)))
  );
}
