import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

const latestYears = 5;

/**
 * Refuses (`invalid_request`) what lies in the past, ends before it begins, or is years away: most often somebody's clock or keyboard.
 * The registry's clock decides, because its processes may disagree.
 */
export async function refuseWrongTimes(
  em: Sql,
  { at, until }: { at: string | null; until: string | null },
): Promise<void> {
  const [is] = await rows<{ past: boolean; ended: boolean; turned: boolean; far: boolean }>(em)`
    select ${at}::timestamptz <= now() as past,
      ${until}::timestamptz <= now() as ended,
      ${until}::timestamptz < coalesce(${at}::timestamptz, now()) + interval '1 minute' as turned,
      greatest(${at}::timestamptz, ${until}::timestamptz) > now() + make_interval(years => ${latestYears}::int) as far`;
  const wrong = (path: string, message: string) =>
    new DomainError('invalid_request', `The time of the suspension is not possible: ${path} ${message}.`, {
      fields: [{ path, message }],
    });
  if (is?.past) throw wrong('at', 'must be in the future');
  if (is?.ended) throw wrong('until', 'must be in the future');
  if (is?.turned) throw wrong('until', 'must be at least a minute after the beginning');
  if (is?.far) throw wrong(until === null ? 'at' : 'until', `must be within ${latestYears} years`);
}
