import type { TimelineEntry } from '#contracts/runbooks/executions.ts';
import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { leavesOf } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { noteOf, type WordsKey } from '../executing/timeline.ts';

/** An entry, and which person's it is. */
export interface Told {
  entry: TimelineEntry;
  actorId: string | null;
}

/** The oldest first. */
export async function timelineOf(
  em: Sql,
  keyring: WordsKey,
  runId: string,
  { steps }: Pick<RunbookDefinition, 'steps'>,
): Promise<Told[]> {
  const found = await rows<Omit<TimelineEntry, 'title'> & { actorId: string | null; sealed: Buffer | null }>(em)`
    select t.number, t.at, t.kind, t.step, u.email as by, t.note, t.data, t.actor_id as "actorId", t.sealed_words as sealed
    from runbook_timeline t left join users u on u.id = t.actor_id and u.tenant_id is null
    where t.run_id = ${runId} order by t.number`;
  const titles = new Map(leavesOf(steps).map(({ id, title }) => [id, title]));
  return found.map(({ actorId, sealed, ...entry }) => ({
    entry: {
      ...entry,
      at: isoOf(entry.at),
      title: entry.step === null ? null : (titles.get(entry.step) ?? null),
      note: noteOf(keyring, runId, { ...entry, sealed }),
    },
    actorId,
  }));
}

/** What a person gave as their reason is told with it; the journal knows only that there was one. */
const bySomebody: ReadonlySet<string> = new Set(['skipped', 'stopped', 'left', 'reported_failed']);

/** Why it is with a step as it is, in the words of whoever decided so. */
export function reasonOf(told: readonly Told[], key: string, code: string | null, text: string | null): string | null {
  if (code === null || !bySomebody.has(code)) return text;
  return lastNote(told, ({ kind, step }) => step === key && (kind === 'decided' || kind === 'completed')) ?? text;
}

/** Why the execution went back. */
export function stoppedBecause(told: readonly Told[], stopped: { code: string; text: string } | null): string | null {
  if (stopped?.code !== 'stopped') return stopped?.text ?? null;
  return lastNote(told, ({ kind, data }) => kind === 'decided' && data['decision'] === 'stop') ?? stopped.text;
}

/** What whoever carried a manual step out wrote about it. */
export const completionNote = (told: readonly Told[], key: string): string | null =>
  lastNote(told, ({ kind, step }) => kind === 'completed' && step === key);

/** What somebody wrote to their verdict, in this round. */
export const verdictNote = (told: readonly Told[], key: string, round: number, userId: string): string | null =>
  lastNote(
    told.filter(({ actorId }) => actorId === userId),
    ({ kind, step, data }) => (kind === 'approved' || kind === 'refused') && step === key && data['round'] === round,
  );

export const startedBecause = (told: readonly Told[]): string | null => lastNote(told, ({ kind }) => kind === 'opened');

const lastNote = (told: readonly Told[], fits: (entry: TimelineEntry) => boolean): string | null =>
  told.findLast(({ entry }) => fits(entry))?.entry.note || null;
