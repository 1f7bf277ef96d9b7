import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import { appliedTable } from './applied.ts';

/**
 * What an error says of a tenant's migration:
 * - `late`: the list of applied migrations is not as it was thought to be, so nothing was done;
 * - `passing`: locks, deadlocks, conflicts: the same may succeed in a moment;
 * - `outage`: the server or the way to it, and so no tenant's fault;
 * - `poison`: it fails here for good.
 */
export type Failure = 'late' | 'passing' | 'outage' | 'poison';

const passing = new Set(['55P03', '40P01', '40001', 'XX000', '53200']);
/** Of class 57, what our own `statement_timeout` ends; the others are a server that goes away. */
const statementTimedOut = '57014';

export function failureOf(error: unknown): Failure {
  if (error instanceof DomainError) return 'poison';
  const { code, table, column } = error as pg.DatabaseError;
  const isLate = table === appliedTable && (code === '23505' || (code === '23502' && column === 'number'));
  if (isLate) return 'late';
  if (code !== undefined && passing.has(code)) return 'passing';
  const isSqlState = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  return !isSqlState || (/^(?:08|53|57|58|25P03|25P04)/.test(code) && code !== statementTimedOut) ? 'outage' : 'poison';
}

/** Classes whose messages may quote what is in the tenant's rows: 22 data, P0 raised by code of its own. */
const mayQuoteData = /^(?:22|P0)/;

/** Why a migration failed at a tenant, as people may read it. Nothing of what is in its tables. */
export function reasonOfFailure(migration: string, error: unknown): Reason {
  if (error instanceof DomainError) return { code: error.code, text: error.publicMessage };
  const { code = '', message, table, column, constraint } = error as pg.DatabaseError;
  if (code === '55P03')
    return { code: 'lock_timeout', text: `The tenant migration ${migration} did not get its locks in time (55P03).` };
  if (code === statementTimedOut)
    return { code: 'statement_timeout', text: `The tenant migration ${migration} took longer than it may (57014).` };
  const where = [table, column, constraint].filter(Boolean).join(', ');
  const what = mayQuoteData.test(code)
    ? `what is in the tables does not fit${where ? ` (${where})` : ''}`
    : message.split('\n')[0]!.slice(0, 300);
  return { code: 'migration_failed', text: `The tenant migration ${migration} failed: ${what} (${code}).` };
}
