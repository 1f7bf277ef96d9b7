import type { Reach, ReachedWindow } from '#contracts/recovery/recoveries.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import type { FoundWindow } from './serverBackups.ts';

interface Known {
  bases: { id: string; from: string }[];
  check: { checkedAt: string; failing: string | null; windows: FoundWindow[] } | null;
  now: string;
}

/**
 * Which moments can be brought back, as far as the registry knows: from its base backups and the last check of the archive. A server that lives and
 * hands over its log is asked for the rest when it is wanted.
 */
export async function reachOf(em: Sql, { physical: { kind } }: Pick<Configuration, 'physical'>): Promise<Reach> {
  if (kind === 'off')
    return { kind, from: null, until: null, archivedUntil: null, checkedAt: null, failing: null, windows: [] };
  const { bases, check, now } = await known(em);
  const windows = bases.map((base) => windowOf(base, check));
  const [first, last] = [windows[0], windows.at(-1)];
  const failing = check?.failing ?? null;
  const archivedUntil =
    windows
      .map(({ until }) => until)
      .toSorted()
      .at(-1) ?? null;
  const until = last?.gap === null && failing === null ? now : archivedUntil;
  const checkedAt = check && isoOf(check.checkedAt);
  return { kind, from: first?.from ?? null, until, archivedUntil, checkedAt, failing, windows };
}

async function known(em: Sql): Promise<Known> {
  const bases = await rows<{ id: string; from: string }>(em)`
    select id, reaches_from as from from server_backups where state = 'proven' and reaches_from is not null order by reaches_from`;
  const [check] = await rows<NonNullable<Known['check']>>(em)`
    select checked_at as "checkedAt", failing, windows from archive_checks`;
  const [clock] = await rows<{ now: string }>(em)`select clock_timestamp() as now`;
  return {
    bases: bases.map(({ id, from }) => ({ id, from: isoOf(from) })),
    check: check ?? null,
    now: isoOf(clock!.now),
  };
}

/** One that was made since the last check reaches its own moment at least. */
function windowOf({ id, from }: Known['bases'][number], check: Known['check']): ReachedWindow {
  const found = check?.windows.find(({ baseId }) => baseId === id);
  return { baseId: id, from, until: found && found.until > from ? found.until : from, gap: found?.gap ?? null };
}

/** The base backup that leads to a moment. Refuses as the provider itself does, before anything is begun. */
export function windowFor(reach: Reach, at: Date): ReachedWindow {
  const { kind, from, until, windows } = reach;
  if (kind === 'off')
    throw new DomainError('physical_off', 'The whole server is not backed up: TENANTRY_PHYSICAL_BACKUP is off.');
  if (at.getTime() > Date.now()) throw new DomainError('physical_too_late', 'This moment has not come yet.');
  if (from === null || until === null)
    throw new DomainError('physical_too_early', 'There is no base backup of the server yet that was read again.');
  const window = windows.findLast((one) => Date.parse(one.from) <= at.getTime());
  if (!window)
    throw new DomainError('physical_too_early', `Nothing reaches back so far: the earliest moment is ${from}.`);
  if (window.gap !== null && at.getTime() > Date.parse(window.until))
    throw new DomainError(
      'physical_in_gap',
      `The archive has a gap behind ${window.until}: ${window.gap} is missing. This moment cannot be brought back.`,
    );
  if (at.getTime() > Date.parse(until))
    throw new DomainError('physical_too_late', `The archive reaches until ${until}, and this moment is later.`);
  return window;
}
