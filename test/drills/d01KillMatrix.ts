import { workflowKinds, type WorkflowKind } from '#contracts/workflowInputs.ts';
import { percentile, type Breach, type Drill, type DrillFigure, type DrillRoom, type Outcome } from './drill.ts';
import { Ground } from './ground.ts';
import { killWithHundredInFlight } from './hundredInFlight.ts';
import { allCells, batchesOf, strikeBatch, type Cell, type Hit } from './killMatrix/batch.ts';
import { requestsAreKilled } from './killMatrix/requests.ts';
import { elsewhere, stories } from './killMatrix/stories.ts';
import { drainsAreKilled } from './licenses/drainsKilled.ts';
import { tableOf } from './killMatrix/table.ts';
import { ApiProcess, recoverySeconds, victims, type Victim } from './killMatrix/victims.ts';

const hitsAtLeast = 3;
/** Where an attempt counts in the ledger it is hit more often, so that a thousand interrupted executions come together. */
const hitsOfAttempts = 18;
const interruptedAtLeast = 1_000;
const cellsOfSubset = 10;

export const killMatrix: Drill = {
  id: 'D1',
  title: 'kill -9 of worker, API, Temporal and PostgreSQL in every step of every workflow',

  async full(room) {
    const cells = room.cells === null ? allCells : room.random.some(allCells, room.cells);
    const outcomes: VictimOutcome[] = [];
    for (const victim of victims.filter((one) => room.victim === null || one === room.victim)) {
      const hits = cells.flatMap((cell) => Array<Cell>(room.hits ?? hitsOf(victim, cell)).fill(cell));
      outcomes.push(await kill(room, victim, hits));
    }
    const cutting = victims.filter((one) => one !== 'API' && (room.victim === null || one === room.victim));
    const drains = await drainsAreKilled(room, cutting);
    const isWhole = room.cells === null && room.hits === null && room.victim === null;
    const { breaches, ...outcome } = outcomeOf(outcomes, isWhole ? interruptedAtLeast : 0);
    const hundred = isWhole ? await hundredFigures(room) : [];
    const untold = kindsWithoutStory().map((kind) => ({ rule: 'D1', what: `the workflow ${kind} has no story` }));
    const cut: DrillFigure = { what: 'batches of drains cut', value: drains.cut, unit: '' };
    return {
      ...outcome,
      figures: [...outcome.figures, cut, ...hundred],
      breaches: [...breaches, ...drains.breaches, ...untold],
    };
  },

  async subset(room) {
    const victim = room.random.one(victims);
    return outcomeOf([await kill(room, victim, room.random.some(allCells, cellsOfSubset))], 0);
  },
};

/** The only worker is killed with a hundred sagas in flight. */
async function hundredFigures({ servers }: DrillRoom): Promise<DrillFigure[]> {
  const ground = await Ground.open(servers);
  try {
    const { beyondSeconds, inFlight, undisturbedSeconds } = await killWithHundredInFlight(ground.installation);
    const limit = { atMost: recoverySeconds.worker };
    return [
      { what: 'as many sagas undisturbed', value: undisturbedSeconds, unit: 's' },
      {
        what: `worker killed with ${inFlight} in flight, beyond the undisturbed`,
        value: beyondSeconds,
        unit: 's',
        limit,
      },
    ];
  } finally {
    await ground.close();
  }
}

/** Their activities write their outcome themselves, and no attempts. */
const uncounted = new Set(['fleet', 'doors', 'drift', 'orphans', 'backups', 'runbook.sql', 'runbook.workflow']);

/** Attempts are counted where an activity of a step is interrupted, and not where its report or the API is. */
const hitsOf = (victim: Victim, { place, story }: Cell): number =>
  victim === 'API' || place.inWorkflowTask || story.isCostly || uncounted.has(place.step)
    ? hitsAtLeast
    : hitsOfAttempts;

interface VictimOutcome {
  victim: Victim;
  hits: Hit[];
  breaches: Breach[];
  /** Steps of which some attempt was repeated, and how many attempts that were in all. */
  interrupted: { steps: number; attempts: number };
}

async function kill(room: DrillRoom, victim: Victim, wanted: Cell[]): Promise<VictimOutcome> {
  const ground = await Ground.open(room.servers);
  const api = victim === 'API' ? await ApiProcess.start(ground) : null;
  const hits: Hit[] = [];
  const breaches: Breach[] = [];
  try {
    await ground.startWorker();
    const batches = batchesOf(wanted, room.random);
    for (const [at, batch] of batches.entries()) {
      const began = performance.now();
      const struck = await strikeBatch(ground, victim, batch, { api, random: room.random });
      hits.push(...struck.hits);
      breaches.push(...struck.breaches);
      const slowest = Math.max(...struck.hits.map((hit) => hit.recoverySeconds));
      const took = (performance.now() - began) / 1000;
      room.say(
        `${victim} killed ${at + 1}/${batches.length}: ${batch.cells.length} executions cut, recovered in at most ` +
          `${slowest.toFixed(1)} s, ${struck.breaches.length} breaches, ${took.toFixed(0)} s`,
      );
    }
    if (api) breaches.push(...(await requestsAreKilled(room, ground)));
    breaches.push(...(await stepsWithoutCell(ground)));
    return { victim, hits, breaches, interrupted: await interruptionsOf(ground) };
  } finally {
    await api?.kill();
    await ground.close();
  }
}

async function interruptionsOf(ground: Ground): Promise<VictimOutcome['interrupted']> {
  const [counted] = await ground.ask<{ steps: number; attempts: number }>(`
    select count(*) filter (where attempt > 1 or undo_attempt > 1)::int as steps,
      coalesce(sum(greatest(attempt - 1, 0) + greatest(undo_attempt - 1, 0)), 0)::int as attempts from run_steps`);
  return counted ?? { steps: 0, attempts: 0 };
}

/** What the ledger shows and no story cuts: a workflow or a step that came after this drill was written. */
async function stepsWithoutCell(ground: Ground): Promise<Breach[]> {
  const seen = await ground.ask<{ kind: string; provider: string }>(`
    select distinct r.kind, s.provider from run_steps s join runs r on r.id = s.run_id`);
  return seen
    .filter(({ kind, provider }) => !elsewhere[`${kind} ${provider}`])
    .filter(
      ({ kind, provider }) => !allCells.some(({ story, place }) => story.kind === kind && place.step === provider),
    )
    .map(({ kind, provider }) => ({ rule: 'D1', what: `the step ${provider} of ${kind} has no cell` }));
}

/** Workflows that no story walks. */
export const kindsWithoutStory = (): WorkflowKind[] =>
  workflowKinds.filter((kind) => !stories.some((story) => story.kind === kind));

function outcomeOf(outcomes: VictimOutcome[], atLeast: number): Outcome {
  const sum = (count: (one: VictimOutcome['interrupted']) => number) =>
    outcomes.reduce((all, { interrupted }) => all + count(interrupted), 0);
  const recoveries = outcomes.flatMap(({ victim, hits }): DrillFigure[] => {
    const seconds = hits.filter(({ isMeasured }) => isMeasured).map((hit) => hit.recoverySeconds);
    const limit = { atMost: recoverySeconds[victim] };
    return [
      {
        what: `recovery from ${victim}, median of ${seconds.length}`,
        value: percentile(seconds, 0.5),
        unit: 's',
        limit,
      },
      { what: `recovery from ${victim}, slowest`, value: percentile(seconds, 1), unit: 's', limit },
      {
        what: `with up to 28 cut at once, and all their work, slowest`,
        value: Math.max(...hits.map(({ endSeconds }) => endSeconds)),
        unit: 's',
      },
    ];
  });
  return {
    figures: [
      {
        what: 'cells',
        value: new Set(
          outcomes.flatMap(({ victim, hits }) => hits.map(({ cell }) => `${victim} ${allCells.indexOf(cell)}`)),
        ).size,
        unit: '',
      },
      { what: 'executions cut', value: outcomes.reduce((all, { hits }) => all + hits.length, 0), unit: '' },
      {
        what: 'step executions interrupted (attempt > 1)',
        value: sum(({ steps }) => steps),
        unit: '',
        limit: { atLeast },
      },
      { what: 'attempts beyond the first', value: sum(({ attempts }) => attempts), unit: '' },
      ...recoveries,
    ],
    breaches: [...outcomes.flatMap(({ breaches }) => breaches)],
    table: tableOf(outcomes),
  };
}
