import { DomainError } from '#contracts/errors.ts';
import type { DueKind } from '#contracts/licenses/dues.ts';
import type { Sql } from '../../database.ts';
import { holdDue, postpone, settleDues, type Drain, type DueLicense, type DueRow } from './dueRows.ts';

/** What one batch of a drain came to. */
export interface Drained {
  /** How many licences it dealt with; 0 where nothing is left, or others deal with what is. */
  licences: number;
  /** What happened and what was passed over, each with how often. */
  done: Partial<Record<DueKind, number>>;
  passed: Partial<Record<DueKind, number>>;
  /** What could not be done, and is tried again later. */
  failed: { licenseId: string; error: unknown }[];
  /** Runs that it opened, to be started now that they are committed. */
  runIds: string[];
}

export const nothingDrained = (): Drained => ({ licences: 0, done: {}, passed: {}, failed: [], runIds: [] });

/** What became of dues: done, or passed and why. */
export interface Settlement {
  settled: readonly { due: DueRow; why: string | null }[];
  runIds?: string[];
}

interface Work {
  drain: Drain;
  now: Date;
  /** Does what is due of licences that are held, in the transaction that notes it. */
  settle(tx: Sql, held: readonly DueLicense[]): Promise<Settlement>;
  /** Where a refusal is an answer and no failure: what it means for the one licence that was refused. */
  refused?(tx: Sql, held: readonly DueLicense[], error: DomainError): Promise<Settlement>;
}

/**
 * Carries out what is due of these licences in one transaction. Where that fails each is tried by itself, and what fails alone too is put
 * off: nothing that is wrong with one licence keeps the others waiting. Throws only when the registry does not answer.
 */
export async function carryOut(em: Sql, licenseIds: readonly string[], work: Work): Promise<Drained> {
  const [first] = licenseIds;
  if (first === undefined) return nothingDrained();
  try {
    return await inOneTransaction(em, licenseIds, work.settle, work);
  } catch (error) {
    if (licenseIds.length === 1) return afterFailure(em, first, work, error);
    const each: Drained[] = [];
    for (const licenseId of licenseIds) each.push(await carryOut(em, [licenseId], work));
    return each.reduce(sum);
  }
}

const inOneTransaction = (
  em: Sql,
  licenseIds: readonly string[],
  settle: Work['settle'],
  { drain, now }: Work,
): Promise<Drained> =>
  em.transactional(async (tx) => {
    const held = await holdDue(tx, drain, licenseIds, now);
    if (held.length === 0) return nothingDrained();
    const { settled, runIds = [] } = await settle(tx, held);
    await settleDues(tx, settled, now);
    const drained = { ...nothingDrained(), licences: held.length, runIds };
    for (const { due, why } of settled) {
      const counts = why === null ? drained.done : drained.passed;
      counts[due.kind] = (counts[due.kind] ?? 0) + 1;
    }
    return drained;
  });

async function afterFailure(em: Sql, licenseId: string, work: Work, error: unknown): Promise<Drained> {
  const { refused, drain, now } = work;
  if (refused && error instanceof DomainError)
    return inOneTransaction(em, [licenseId], (tx, held) => refused(tx, held, error), work);
  await postpone(em, drain, licenseId, now);
  return { ...nothingDrained(), licences: 1, failed: [{ licenseId, error }] };
}

/** Two batches as one. */
export function sum(one: Drained, other: Drained): Drained {
  const counts = (of: 'done' | 'passed'): Drained['done'] => {
    const kinds = [...new Set([...Object.keys(one[of]), ...Object.keys(other[of])])] as DueKind[];
    return Object.fromEntries(kinds.map((kind) => [kind, (one[of][kind] ?? 0) + (other[of][kind] ?? 0)]));
  };
  return {
    licences: one.licences + other.licences,
    done: counts('done'),
    passed: counts('passed'),
    failed: [...one.failed, ...other.failed],
    runIds: [...one.runIds, ...other.runIds],
  };
}
