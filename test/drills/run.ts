/**
 * `npm run drill`: breaks real processes on purpose and checks the invariants after each drill. `npm run drill -- D1 D3` runs
 * these only; `--seed 42` repeats a run as chance had it, `--cells 20`, `--hits 1` and `--victim API` take a part of the kill matrix, `--subset` the
 * part that every `npm test` runs. Ends with an error when something that must hold does not, and when a drill could not run.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { buildWorkflows } from '#local/buildWorkflows.ts';
import { checkout } from '#local/paths.ts';
import { note, runCommand, SetupError } from '#local/progress.ts';
import { listenForStop } from '#local/stopSignals.ts';
import { lineOf, missed, problemsOf, type Drill, type DrillRoom, type Outcome } from './drill.ts';
import { allDrills as drills } from './drills.ts';
import { DrillServers } from './drillServers.ts';
import { Random } from './random.ts';

interface Report {
  drill: string;
  seconds: number;
  figures: string[];
  problems: string[];
  table: string[];
}

runCommand(async () => {
  const { wanted, subset, ...choice } = asked(process.argv.slice(2));
  const { seed } = choice;
  const signals = listenForStop();
  const reports: Report[] = [];
  console.log(`seed ${seed}`);
  process.env['TEST_WORKFLOW_BUNDLE'] = await buildWorkflows();
  void signals.asked.then(async () => {
    for (const place of places) await throwAway(place);
    process.exit(1);
  });
  for (const drill of wanted) {
    console.log(`\n${drill.id} ${drill.title}`);
    const began = performance.now();
    const report: Report = { drill: drill.id, seconds: 0, figures: [], problems: [], table: [] };
    try {
      const outcome = await withServers((servers) => {
        const room = { servers, random: new Random(seed), say: note, ...choice };
        return subset ? drill.subset(room) : drill.full(room);
      });
      Object.assign(report, resultOf(outcome));
    } catch (error) {
      report.problems.push(`could not be carried out: ${inspect(error)}`);
    }
    report.seconds = Math.round((performance.now() - began) / 1000);
    reports.push(report);
    print(report);
  }
  await summarise(reports, seed);
  process.exit(reports.some(({ problems }) => problems.length > 0) ? 1 : 0);
});

function asked(
  args: string[],
): Pick<DrillRoom, 'seed' | 'cells' | 'hits' | 'victim'> & { wanted: readonly Drill[]; subset: boolean } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      cells: { type: 'string' },
      hits: { type: 'string' },
      victim: { type: 'string' },
      subset: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !drills.some(({ id }) => id === name));
  if (unknown.length > 0)
    throw new SetupError(
      `There is no drill ${unknown.join(', ')}. There are: ${drills.map(({ id }) => id).join(', ')}.`,
    );
  return {
    wanted: positionals.length > 0 ? drills.filter(({ id }) => positionals.includes(id)) : drills,
    seed: numberOf('--seed', values.seed) ?? Math.floor(Math.random() * 2 ** 31),
    cells: numberOf('--cells', values.cells),
    hits: numberOf('--hits', values.hits),
    victim: values.victim ?? null,
    subset: values.subset,
  };
}

function numberOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new SetupError(`${name} takes a number, and "${text}" is none.`);
}

const places = new Set<string>();
const temporary = tmpdir();

/** Servers for one drill: what it broke is not the next one's. */
async function withServers<Result>(use: (servers: DrillServers) => Promise<Result>): Promise<Result> {
  const place = await mkdtemp(join(temporary, 'tenantry-drill-'));
  places.add(place);
  process.env['TMPDIR'] = place; // whatever the drill leaves goes with it
  try {
    return await use(await DrillServers.start(place));
  } finally {
    await throwAway(place);
  }
}

async function throwAway(place: string): Promise<void> {
  await DrillServers.stopIn(place);
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
  places.delete(place);
}

const resultOf = (outcome: Outcome): Pick<Report, 'figures' | 'problems' | 'table'> => ({
  figures: outcome.figures.map((figure) => `${lineOf(figure)}${missed(figure) ? '  MISSED' : ''}`),
  problems: problemsOf(outcome),
  table: outcome.table ?? [],
});

function print({ drill, seconds, figures, problems, table }: Report): void {
  if (table.length > 0) console.log(`\n${table.join('\n')}`);
  for (const line of figures) console.log(`  ${line}`);
  for (const problem of problems) console.error(`  ✖ ${problem}`);
  console.log(`  ${drill} ${problems.length > 0 ? 'is RED' : 'holds'} after ${seconds} s`);
}

async function summarise(reports: Report[], seed: number): Promise<void> {
  const file = join(checkout, 'build', 'drills', `${new Date().toISOString().replaceAll(':', '-')}.json`);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify({ seed, reports }, null, 2)}\n`);
  console.log(`\nseed ${seed}, ${reports.reduce((all, { seconds }) => all + seconds, 0)} s`);
  for (const { drill, problems } of reports)
    console.log(`${drill.padEnd(4)} ${problems.length > 0 ? `RED (${problems.length})` : 'holds'}`);
  note(`written to ${relative(checkout, file)}`);
}
