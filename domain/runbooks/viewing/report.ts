import type { Execution, ExecutionStep } from '#contracts/runbooks/executions.ts';

/** What an execution came to, as Markdown: for the file of the incident, and for who asks whether it was practised. */
export function reportOf(execution: Execution): string {
  const { title, runbook, runbookVersion, practice, state, startedBy, inputs } = execution;
  const head: [string, string][] = [
    ['Runbook', `${runbook}, version ${runbookVersion} (\`${execution.digest.slice(0, 12)}\`)`],
    ['Kind', practice ? 'Practice' : 'In earnest'],
    ['Outcome', state.replaceAll('_', ' ') + (execution.reason ? `: ${execution.reason}` : '')],
    ['Started by', startedBy ?? 'the clock'],
    ['Began', execution.startedAt ?? '–'],
    ['Ended', execution.finishedAt ?? 'not yet'],
    [
      'Took',
      `${seconds(execution.seconds)}${execution.budgetSeconds === null ? '' : ` of ${seconds(execution.budgetSeconds)}`}${execution.overran ? ', **over its budget**' : ''}`,
    ],
    ...(execution.startAt
      ? ([['Began at step', `${execution.startAt}: ${execution.startReason ?? ''}`]] as [string, string][])
      : []),
    ['Execution', `\`${execution.runId}\``],
  ];
  return [
    `# ${cell(title)}`,
    '',
    table(['', ''], head),
    '## Inputs',
    '',
    Object.keys(inputs).length === 0
      ? 'None.\n'
      : table(
          ['Input', 'Value'],
          Object.entries(inputs).map(([name, value]) => [name, String(value ?? '–')]),
        ),
    '## Steps',
    '',
    table(['Step', 'Kind', 'Outcome', 'Took', 'Attempts', 'Notes'], execution.steps.map(rowOf)),
    '## Timeline',
    '',
    table(
      ['When (UTC)', 'What', 'Step', 'Who', 'Note'],
      execution.timeline.map(({ at, kind, title: step, by, note, data }) => [
        at,
        kind + (typeof data['decision'] === 'string' ? `: ${data['decision']}` : ''),
        step ?? '',
        by ?? '',
        note ?? '',
      ]),
    ),
  ].join('\n');
}

function rowOf(step: ExecutionStep): string[] {
  const { startedAt, finishedAt } = step;
  const took = startedAt && finishedAt ? (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000 : null;
  const notes = [
    step.mode === 'act' ? null : step.mode,
    step.overran ? 'over its budget' : null,
    step.completedBy ? `by ${step.completedBy}` : null,
    step.note,
    step.reason,
    ...(step.approval?.given.map(({ by, verdict }) => `${by.email}: ${verdict}`) ?? []),
  ];
  return [
    [...step.within.map(({ title }) => title), step.title].join(' › '),
    step.kind,
    step.state.replaceAll('_', ' '),
    took === null ? '' : seconds(took) + (step.budgetSeconds === null ? '' : ` of ${seconds(step.budgetSeconds)}`),
    String(step.attempt),
    notes.filter(Boolean).join(' · '),
  ];
}

const seconds = (value: number): string =>
  value < 120 ? `${Math.round(value * 10) / 10} s` : `${Math.round(value / 6) / 10} min`;

const table = (head: string[], body: string[][]): string =>
  [row(head), row(head.map(() => '---')), ...body.map(row), ''].join('\n');

const row = (cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** What people wrote stays in its cell, and is text. */
const cell = (text: string): string =>
  text.replace(/\s*\r?\n\s*/g, ' ').replace(/[|\\`<>*_[\]]/g, (mark) => `\\${mark}`);
