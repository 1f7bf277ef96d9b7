import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PlatformState } from '#contracts/platform.ts';
import { findTemporalCli } from '#local/temporalCli.ts';
import { prepareTemporal } from '#local/temporalSetUp.ts';
import { percentile, type Breach, type Drill, type DrillRoom, type Outcome } from './drill.ts';
import { Ground } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import { allCells, beginAll, prepareAll, type BegunAt, type Cell } from './killMatrix/batch.ts';
import { ApiProcess } from './killMatrix/victims.ts';

const run = promisify(execFile);
const withinSeconds = 60;
const patienceMs = 120_000;
const atOnce = 28;
/** Acts that are long, as a restore is: they end beside other tests, too. */
const endsWithinMs = 20_000;

/** Where an execution stands outside its workflow's task: there is time to take it away. */
const cells = allCells.filter(({ place }) => !place.inWorkflowTask);
const openCells = cells.filter(({ place }) => !/^(doors\.open|run\.start)$/.test(place.position.at));

/** Executions are taken away: one by one by an operator's command, then all of them with their cluster. */
export const lostWorkflows: Drill = {
  id: 'D4',
  title: 'terminate by CLI at each step, then the loss of the whole Temporal database',
  full: (room) => drill(room, cells, openCells),
  subset: (room) => drill(room, room.random.some(cells, 2), room.random.some(openCells, 3)),
};

async function drill(room: DrillRoom, terminated: Cell[], lost: Cell[]): Promise<Outcome> {
  const ground = await Ground.open(room.servers);
  const api = await ApiProcess.start(ground);
  try {
    await ground.startWorker();
    const parts = [
      ...(await inBatches(terminated, (batch) => terminateAll(ground, batch))),
      ...(await inBatches(lost, (batch) => loseCluster(ground, api, batch))),
    ];
    for (const { said } of parts) room.say(said);
    const all = (what: 'undoneAfter' | 'shownAfter') => parts.flatMap((part) => part[what]);
    return {
      figures: [
        { what: 'executions terminated', value: terminated.length, unit: '' },
        {
          what: 'from the command to the end of what completes it, slowest',
          value: percentile(all('undoneAfter'), 1),
          unit: 's',
          limit: { atMost: withinSeconds },
        },
        { what: 'executions lost with their cluster', value: lost.length, unit: '' },
        {
          what: 'until the loss is shown, slowest',
          value: percentile(all('shownAfter'), 1),
          unit: 's',
          limit: { atMost: withinSeconds },
        },
      ],
      breaches: parts.flatMap(({ breaches }) => breaches),
    };
  } finally {
    await api.kill();
    await ground.close();
  }
}

interface Part {
  said: string;
  undoneAfter: number[];
  shownAfter: number[];
  breaches: Breach[];
}

async function inBatches(wanted: Cell[], work: (batch: Cell[]) => Promise<Part>): Promise<Part[]> {
  const parts: Part[] = [];
  for (let from = 0; from < wanted.length; from += atOnce) parts.push(await work(wanted.slice(from, from + atOnce)));
  return parts;
}

async function terminateAll(ground: Ground, batch: Cell[]): Promise<Part> {
  const halted = await beginAll(ground, await prepareAll(ground, batch));
  const cli = await findTemporalCli();
  const executions = await ground.ask<{ workflow_id: string }>(
    `select coalesce(child.workflow_id, r.workflow_id) as workflow_id from runs r
     left join runs child on child.parent_run_id = r.id and child.kind = 'deliverInvitation' and child.state in ('queued', 'running')
     where r.id = any($1)`,
    [halted.map(({ runId }) => runId)],
  );
  for (const { workflow_id: id } of executions)
    await run(cli, [
      'workflow',
      'terminate',
      '--address',
      ground.servers.temporalAddress,
      '--workflow-id',
      id,
      '--reason',
      'drill',
    ]).catch((error: { stderr?: string }) => {
      if (!/not found|already completed/i.test(error.stderr ?? '')) throw error; // it had ended, or it was never begun
    });
  const began = Date.now();
  await ground.worker.goOn();
  await ground.settled(null, patienceMs);
  const ends = await endsOf(ground, halted);
  return {
    said: `${executions.length} executions were terminated by command, and completed from the ledger`,
    undoneAfter: ends.map(({ endedAt }) => Math.max(0, endedAt - began) / 1000),
    shownAfter: [],
    breaches: [...halted.flatMap((one) => wrongEnd(one, ends, true)), ...(await brokenInvariants(ground))],
  };
}

async function loseCluster(ground: Ground, api: ApiProcess, batch: Cell[]): Promise<Part> {
  const { servers } = ground;
  const halted = await beginAll(ground, await prepareAll(ground, batch));
  await servers.loseTemporal();
  const ended = ground.worker.allEnded(halted.map(({ cell }) => cell.place.position.at));
  await ground.worker.goOn(); // what they did is done, and nobody is left who would hear of it
  await Promise.race([ended, delay(endsWithinMs, undefined, { ref: false })]);
  const before = await whatIs(ground);
  await servers.startTemporal();
  await prepareTemporal({ address: servers.temporalAddress, namespace: 'default' });
  const began = Date.now();
  const seen = await ground.installation.until('the loss to be shown', 2 * withinSeconds * 1_000, async () => {
    const { body } = await api.ask<PlatformState>('GET', '/api/v1/platform');
    return body?.cluster?.state === 'other' ? body.cluster.seen : null;
  });
  const shownAfter = (Date.now() - began) / 1000;
  const tasks = await ground.ask(`select 1 from tasks where kind = 'cluster_lost' and state = 'open'`);
  const destroyed = (await whatIs(ground)) === before ? [] : ['something was changed before anybody confirmed'];
  const { status, text } = await api.ask('POST', '/api/v1/platform/cluster/confirm', { body: seen });
  if (status !== 200) throw new Error(`the confirmation was answered ${status}: ${text}`);
  await ground.settled(null, patienceMs);
  const ends = await endsOf(ground, halted);
  return {
    said: `${batch.length} open runs lost their cluster: shown after ${shownAfter.toFixed(1)} s, all ended after the confirmation`,
    undoneAfter: [],
    shownAfter: [shownAfter],
    breaches: [
      ...[...destroyed, ...(tasks.length === 1 ? [] : ['nobody is asked to decide'])].map((what) => ({
        rule: 'D4',
        what,
      })),
      ...halted.flatMap((one) => wrongEnd(one, ends, false)),
      ...(await brokenInvariants(ground)),
    ],
  };
}

/** Runs and resources as one text: equal when nothing was begun, undone or removed. */
async function whatIs(ground: Ground): Promise<string> {
  // What was under way when the cluster died writes its own end; from then on nothing may move.
  await ground.installation.until('what was under way to have ended', 20_000, async () => {
    const one = await ground.ask<{ busy: boolean }>(
      `select exists (select 1 from resources where updated_at > now() - interval '2 s') as busy`,
    );
    return !one[0]?.busy;
  });
  const [found] = await ground.ask<{ text: string }>(`
    select (select coalesce(string_agg(id || state || epoch, ' ' order by id), '') from runs)
        || (select coalesce(string_agg(id || state, ' ' order by id), '') from resources) as text`);
  return found?.text ?? '';
}

interface End extends Record<string, unknown> {
  subject: string;
  /** Of the tenant. */
  state: string | null;
  /** How its runs ended, and why. */
  runs: string;
  endedAt: number;
}

const endsOf = (ground: Ground, halted: BegunAt[]): Promise<End[]> =>
  ground.ask<End>(
    `select coalesce(r.tenant_id, r.id) as subject, t.state,
       string_agg(concat_ws(' ', r.kind, r.state, r.reason_code, r.reason, left_over.told), '; ' order by r.created_at) as runs, (extract(epoch from max(r.finished_at)) * 1000)::float8 as "endedAt"
     from runs r left join tenants t on t.id = r.tenant_id
     left join lateral (
       select string_agg(concat_ws(' ', 'step', act, state, reason_code, reason), ', ' order by position) as told
       from run_steps where run_id = r.id and state not in ('done', 'undone')
     ) as left_over on true
     where coalesce(r.tenant_id, r.id) = any($1) group by 1, t.state`,
    [halted.map(({ subject }) => subject)],
  );

/**
 * A terminated provisioning is undone, unless its doors were open; where they were about to open, either came first. A terminated
 * suspension or resumption gives back what was, unless it had ended. A terminated offboarding gives everything back as long as nothing
 * was erased. Everything else ends as it would have.
 */
function wrongEnd({ cell: { story, place }, subject }: BegunAt, ends: End[], terminated: boolean): Breach[] {
  const { state, runs } = ends.find((end) => end.subject === subject) ?? {};
  const { at, when } = place.position;
  const doorsWereOpen = at === 'run.start' || (at === 'doors.open' && when === 'after');
  const isUndone = terminated && story.kind === 'provisionTenant' && !doorsWereOpen;
  const givesBack = terminated && (story.kind === 'suspendTenant' || story.kind === 'resumeTenant');
  const staysOn = terminated && story.kind === 'offboardTenant' && /^(leaving|export|handover|grace)\./.test(at);
  const expected: (string | null)[] = isUndone
    ? ['rolled_back', ...(at === 'doors.open' ? ['active'] : [])]
    : givesBack
      ? ['active', 'suspended']
      : staysOn
        ? ['active', ...(at === 'grace.look' ? ['erased'] : [])] // the last moment passes while it is looked at
        : [story.ends.tenant];
  if (state !== undefined && expected.includes(state)) return [];
  const where = `${story.title}, ${place.step} ${place.moment}`;
  return [{ rule: 'D4', what: `${where}: the tenant ended ${state}, not ${expected.join(' or ')} (${runs})` }];
}
