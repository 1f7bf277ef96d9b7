import type { Breach } from '../drill.ts';
import type { Acknowledged, Ground } from '../ground.ts';
import { brokenInvariants } from '../invariants.ts';
import type { Random } from '../random.ts';
import type { Place } from './places.ts';
import { stories } from './stories.ts';
import type { Begun, Story } from './story.ts';
import { strike, type ApiProcess, type Victim } from './victims.ts';

/** One place of one story: with a victim, a cell of the matrix. */
export interface Cell {
  story: Story;
  place: Place;
}

export interface Hit {
  cell: Cell;
  /** Whether few enough were interrupted at once to measure a recovery. */
  isMeasured: boolean;
  /** From ready of the restarted process until the run moved on: a step began or ended, or the run did. */
  recoverySeconds: number;
  /** From there to the end of the last of its runs, with all the work that was left. */
  endSeconds: number;
}

export interface Struck {
  hits: Hit[];
  breaches: Breach[];
}

export const cellsOf = (of: readonly Story[]): Cell[] =>
  of.flatMap((story) => story.places.map((place) => ({ story, place })));

export const allCells: readonly Cell[] = cellsOf(stories);

/** Few enough that what is measured is the recovery, and not the work of all the others that goes on at the same time. */
const measuredAtOnce = 8;
/** What one worker holds at once: of its forty activities, and of its twelve workflow tasks. */
const massAtOnce = 28;
const inWorkflowTasksAtOnce = 7;
const haltMs = 60_000;
const settleMs = 90_000;

export interface Batch {
  cells: Cell[];
  isMeasured: boolean;
}

/** Each cell once in small batches, whose recovery is measured; all further hits in large ones, where one kill interrupts many. */
export function batchesOf(hits: readonly Cell[], random: Random): Batch[] {
  const first = [...new Set(hits)];
  const further = [...hits];
  for (const cell of first) further.splice(further.indexOf(cell), 1);
  return [
    ...packed(first, random, measuredAtOnce).map((cells) => ({ cells, isMeasured: true })),
    ...packed(further, random, massAtOnce).map((cells) => ({ cells, isMeasured: false })),
  ];
}

/** In batches of at most so many, and of a story that stands alone one at a time. */
export function packed(hits: readonly Cell[], random: Random, atOnce: number): Cell[][] {
  const batches: Cell[][] = [];
  let waiting = random.shuffled(hits);
  while (waiting.length > 0) {
    const batch: Cell[] = [];
    const later: Cell[] = [];
    for (const cell of waiting) {
      const inTasks = batch.filter(({ place }) => place.inWorkflowTask).length;
      const isFree = !cell.story.alone || !batch.some(({ story }) => story === cell.story);
      const fits = batch.length < atOnce && isFree && (!cell.place.inWorkflowTask || inTasks < inWorkflowTasksAtOnce);
      (fits ? batch : later).push(cell);
    }
    batches.push(batch);
    waiting = later;
  }
  return batches;
}

/** Brings one run to each cell's place, kills once, and looks at how everything ended. */
export async function strikeBatch(
  ground: Ground,
  victim: Victim,
  { cells, isMeasured }: Batch,
  by: { api: ApiProcess | null; random: Random },
): Promise<Struck> {
  const begun = await beginAll(ground, await prepareAll(ground, cells));
  const subjects = begun.map(({ subject }) => subject);

  const readyAt = await strike(ground, victim, by);
  await ground.settled(subjects, settleMs);
  const ends = await endsOf(ground, subjects, readyAt);
  const after = (time: number | null) => Math.max(0, ((time ?? readyAt) - readyAt) / 1000);
  const hits = begun.map(({ subject, cell }) => {
    const { movedAt, endedAt } = ends.get(subject)!;
    return { cell, isMeasured, recoverySeconds: after(movedAt), endSeconds: after(endedAt) };
  });
  return { hits, breaches: [...wrongEnds(victim, begun, ends), ...(await brokenInvariants(ground))] };
}

interface Prepared {
  cell: Cell;
  tenant: Acknowledged | null;
}

export type BegunAt = Begun & Prepared;

/** Brings a tenant for each cell to where its workflow can begin. */
export async function prepareAll(ground: Ground, batch: readonly Cell[]): Promise<Prepared[]> {
  const prepared = await Promise.all(
    [...Map.groupBy(batch, ({ story }) => story)].map(async ([story, cells]) => {
      const tenants = await story.prepare?.(ground, cells.map(labelOf));
      return cells.map((cell, at) => ({ cell, tenant: tenants?.[at] ?? null }));
    }),
  );
  return prepared.flat();
}

/**
 * Brings a run to each cell's place. Those that keep a workflow's task busy come last: a local activity is tried again when it stands for
 * long, and the others may take their time.
 */
export async function beginAll(ground: Ground, prepared: readonly Prepared[]): Promise<BegunAt[]> {
  const begun: BegunAt[] = [];
  for (const inTasks of [false, true]) {
    const some = await openAll(
      ground,
      prepared.filter(({ cell }) => cell.place.inWorkflowTask === inTasks),
    );
    await allAtTheirPlace(ground, some);
    begun.push(...some);
  }
  return begun;
}

/** One after the other, each with its plan: on a busy machine the reconciler starts what waits for the others. */
async function openAll(ground: Ground, prepared: readonly Prepared[]): Promise<BegunAt[]> {
  const begun: BegunAt[] = [];
  for (const { cell, tenant } of prepared) {
    const { story, place } = cell;
    const opened = await story.open(ground, tenant, labelOf(cell));
    await ground.worker.plan([{ tenantId: opened.subject, halt: place.position, fail: story.fails }]);
    begun.push({ ...opened, cell, tenant });
  }
  return begun;
}

/** Starts them all. A place that was not reached in time was not cut: that is no pass. */
async function allAtTheirPlace(ground: Ground, begun: readonly BegunAt[]): Promise<void> {
  const halted = ground.worker.allHalted(
    begun.map(({ subject }) => subject),
    haltMs,
  );
  await Promise.all(begun.map(({ runId }) => ground.start(runId)));
  const missing = await halted;
  const late = begun.filter(({ subject }) => missing.includes(subject));
  if (late.length === 0) return;
  const runs = await ground.ask<{ id: string; state: string }>('select id, state from runs where id = any($1)', [
    late.map(({ runId }) => runId),
  ]);
  const told = late.map(({ runId, cell: { story, place } }) => {
    const state = runs.find(({ id }) => id === runId)?.state;
    return `  ${story.title}, ${place.step} ${place.moment} (${place.position.when} ${place.position.at}): ${state}`;
  });
  throw new Error(`${late.length} of ${begun.length} executions did not come to their place:\n${told.join('\n')}`);
}

const labelOf = ({ place: { position } }: Cell): string => `${position.when} ${position.at}`;

interface End extends Record<string, unknown> {
  subject: string;
  /** Of the tenant. */
  state: string | null;
  ends: Record<string, string>;
  /** Why one of its runs did not succeed. */
  why: string | null;
  /** When something of its runs moved after the victim was ready again; null when all had ended. */
  movedAt: number | null;
  endedAt: number;
}

async function endsOf(ground: Ground, subjects: string[], readyAt: number): Promise<Map<string, End>> {
  const ends = await ground.ask<End>(
    `select coalesce(r.tenant_id, r.id) as subject, t.state, jsonb_object_agg(r.kind, r.state order by r.created_at) as ends,
       string_agg(concat_ws(': ', r.kind, r.reason_code, r.reason), '; ') filter (where r.reason_code is not null) as why,
       (extract(epoch from max(r.finished_at)) * 1000)::float8 as "endedAt",
       (extract(epoch from min(moved.at)) * 1000)::float8 as "movedAt"
     from runs r left join tenants t on t.id = r.tenant_id
     left join lateral (
       select min(at) as at from (
         select r.finished_at union all select started_at from run_steps where run_id = r.id
         union all select finished_at from run_steps where run_id = r.id
       ) as times (at) where at > to_timestamp($2::float8 / 1000)
     ) as moved on true
     where coalesce(r.tenant_id, r.id) = any($1) group by 1, t.state`,
    [subjects, readyAt],
  );
  return new Map(ends.map((end) => [end.subject, end]));
}

function wrongEnds(victim: Victim, begun: readonly BegunAt[], ends: Map<string, End>): Breach[] {
  return begun.flatMap(({ subject, cell: { story, place } }) => {
    const end = ends.get(subject);
    const run = end?.ends[story.kind] ?? 'never begun';
    if (run === story.ends.run && end?.state === story.ends.tenant) return [];
    return [
      {
        rule: 'D1',
        what:
          `${story.kind}, ${place.step} ${place.moment}, ${victim} killed: ended ${run}, the tenant ${end?.state}` +
          (end?.why ? ` (${end.why})` : ''),
      },
    ];
  });
}
