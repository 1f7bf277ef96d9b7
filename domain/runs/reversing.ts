import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** For how long the way back is offered, where nothing else is said. */
export const reversibleDays = 30;

export interface OpenedReverse {
  tenantId: string;
  slug: string;
  runId: string;
}

/** From now on, for so many days; what takes something back is not taken back itself: it is simply done again. */
export const offerReverse = (em: Sql, runId: string, days: number = reversibleDays): Promise<unknown> =>
  rows(em)`
    update runs set reversible_until = now() + make_interval(days => ${days}::int)
    where id = ${runId} and reverse_of is null`;

export const notReversible = (why: string): DomainError => new DomainError('run_not_reversible', why);
