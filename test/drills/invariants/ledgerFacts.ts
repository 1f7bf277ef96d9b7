import { terminalRunStates } from '#contracts/runStates.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

const terminal: readonly string[] = terminalRunStates;
const lateEnds = new Set(['rolled_back', 'succeeded']);

interface Story extends Record<string, unknown> {
  stream: string;
  types: string[];
  versions: number[];
}

/** I1, I6 and I7: runs, steps and tenants end as their events tell, once, and no event tells of what did not happen. */
export async function ledgerContradicts(ground: Ground): Promise<Breach[]> {
  const runs = await ground.ask<{ id: string; kind: string; state: string }>('select id, kind, state from runs');
  const tenants = await ground.ask<{ id: string; state: string }>('select id, state from tenants');
  const tasks = await ground.ask<{ id: string }>('select id from tasks');
  const stories = await ground.ask<Story>(`
    select stream, array_agg(type order by version) as types, array_agg(version order by version) as versions
    from events group by stream`);
  const byStream = new Map(stories.map((story) => [story.stream, story]));
  const told = (stream: string): string[] => byStream.get(stream)?.types ?? [];
  const known = new Set([
    ...runs.map(({ id }) => `run:${id}`),
    ...tenants.map(({ id }) => `tenant:${id}`),
    ...tasks.map(({ id }) => `task:${id}`),
  ]);
  return [
    ...runs.flatMap(({ id, kind, state }) => endsOf(`${kind} ${id}`, state, told(`run:${id}`))),
    ...tenants.flatMap(({ id, state }) => movesOf(id, state, told(`tenant:${id}`))),
    ...(await stepsThatHang(ground)),
    ...stories.flatMap(({ stream, versions }) => {
      const gaps = versions.some((version, at) => version !== at + 1);
      return [
        ...(gaps ? [{ rule: 'I7', what: `the versions of ${stream} have a gap: ${versions.join()}` }] : []),
        ...(known.has(stream) || !/^(run|tenant|task):/.test(stream)
          ? []
          : [{ rule: 'I7', what: `events of ${stream}, which was never committed` }]),
      ];
    }),
  ];
}

/** One end, the last event tells it; only what needed attention may end once more. */
function endsOf(what: string, state: string, types: string[]): Breach[] {
  const ends = types.map((type) => type.replace('run.', '')).filter((type) => terminal.includes(type));
  const breaches: Breach[] = [];
  if (!terminal.includes(state)) breaches.push({ rule: 'I1', what: `${what} has not ended: ${state}` });
  const [first, second, ...more] = ends;
  const once = ends.length <= 1 || (first === 'needs_attention' && lateEnds.has(second ?? '') && more.length === 0);
  if (!once) breaches.push({ rule: 'I1', what: `${what} ended more than once: ${ends.join()}` });
  if (types[0] !== 'run.opened') breaches.push({ rule: 'I6', what: `${what} has no event of its beginning` });
  if (terminal.includes(state) && ends.at(-1) !== state)
    breaches.push({ rule: 'I6', what: `${what} is ${state}, its events end with ${ends.at(-1) ?? 'nothing'}` });
  return breaches;
}

const tenantStates = /^tenant\.(created|active|suspended|offboarding|erased|rolled_back)$/;

function movesOf(id: string, state: string, types: string[]): Breach[] {
  const moves = types.flatMap((type) => tenantStates.exec(type)?.[1] ?? []);
  const last = moves.at(-1) === 'created' ? 'provisioning' : moves.at(-1);
  return [
    ...(last === state ? [] : [{ rule: 'I6', what: `tenant ${id} is ${state}, its events say ${last ?? 'nothing'}` }]),
    ...(moves.filter((move) => move === 'created' || move === 'erased').length > (state === 'erased' ? 2 : 1)
      ? [{ rule: 'I7', what: `tenant ${id} was created or erased twice: ${moves.join()}` }]
      : []),
    ...(moves.includes('active') && state === 'rolled_back'
      ? [{ rule: 'I7', what: `tenant ${id} was rolled back, and an event says that it was active` }]
      : []),
  ];
}

/** A run that ended leaves no step in the air; a failed or undone step has its event. */
async function stepsThatHang(ground: Ground): Promise<Breach[]> {
  const hanging = await ground.ask<{ kind: string; run_id: string; provider: string; state: string }>(`
    select r.kind, s.run_id, s.provider, s.state from run_steps s join runs r on r.id = s.run_id
    where r.state in ('succeeded', 'rolled_back', 'cancelled') and s.state in ('running', 'waiting', 'undoing', 'undo_failed')
      and not exists (select 1 from runs f where f.parent_run_id = r.id and f.kind = 'finishRollback')`);
  const untold = await ground.ask<{ run_id: string; title: string; state: string }>(`
    select s.run_id, s.title, s.state from run_steps s join runs r on r.id = s.run_id
    where s.state in ('failed', 'undone', 'undo_failed') and s.kind <> 'fixed'
      and not exists (select 1 from events e where e.stream = 'run:' || s.run_id and e.type = 'step.' || s.state
                        and e.data ->> 'step' = s.title)
      and not exists (select 1 from runs f where f.parent_run_id = r.id and f.kind = 'finishRollback')`);
  return [
    ...hanging.map(({ kind, run_id, provider, state }) => ({
      rule: 'I1',
      what: `${kind} ${run_id} has ended, its step ${provider} is ${state}`,
    })),
    ...untold.map(({ run_id, title, state }) => ({
      rule: 'I6',
      what: `no event tells that “${title}” of ${run_id} is ${state}`,
    })),
  ];
}
