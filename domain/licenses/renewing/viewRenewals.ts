import { sql, type RawBuilder } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import type { Renewal, RenewalPage, RenewalPhase, RenewalQuery } from '#contracts/licenses/renewals.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import type { PaymentRow, RenewalRow } from './renewalRow.ts';

interface Row extends RenewalRow {
  run_state: RunState;
  held_by: string | null;
  cancellable: boolean;
  asked_to_cancel: boolean;
  provider: PaymentRow['provider'] | null;
  payment_state: PaymentRow['state'] | null;
  reference: string | null;
  declined_code: string | null;
  settled_as: string | null;
}

/** A page of renewals, the newest first, by keyset. */
export async function listRenewals(em: Sql, query: RenewalQuery, reach: Reach): Promise<RenewalPage> {
  const where = [
    withinReach(reach, sql`n.tenant_id`),
    ...(query.tenantId ? [sql`n.tenant_id = ${query.tenantId}::uuid`] : []),
    ...(query.licenseId ? [sql`n.license_id = ${query.licenseId}::uuid`] : []),
    ...(query.state ? [sql`n.state = ${query.state}`] : []),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(n.asked_at, n.id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await read(em, sql.join(where, sql` and `), query.limit + 1);
  const items = found.slice(0, query.limit).map(viewOf);
  const last = items.at(-1);
  return {
    items,
    nextCursor: last && found.length > query.limit ? writeCursor(last.askedAt, last.id) : null,
  };
}

/** Refuses with `not_found`. */
export async function viewRenewal(em: Sql, id: string): Promise<Renewal> {
  const [row] = await read(em, sql`n.id = ${id}`, 1);
  if (!row) throw new DomainError('not_found', 'There is no such renewal.');
  return viewOf(row);
}

const read = (em: Sql, where: RawBuilder<unknown>, limit: number): Promise<Row[]> =>
  rows<Row>(em)`
    select n.*, r.state as run_state, r.held_by, r.cancellable, r.cancel_requested_at is not null as asked_to_cancel, p.provider,
           p.state as payment_state, p.reference, p.declined_code, p.settled_as
    from license_renewals n join runs r on r.id = n.run_id left join renewal_payments p on p.renewal_id = n.id
    where ${where} order by n.asked_at desc, n.id desc limit ${limit}`;

function viewOf(row: Row): Renewal {
  const goesOn = row.state === 'open' && !runIsOver(row.run_state) && row.run_state !== 'rolling_back';
  const mayEnd = goesOn && !row.asked_to_cancel;
  return {
    id: row.id,
    licenseId: row.license_id,
    tenantId: row.tenant_id,
    runId: row.run_id,
    cause: row.cause,
    state: row.state,
    phase: phaseOf(row),
    quote: row.quote,
    quoteEndsAt: isoOf(row.quote_ends_at),
    needsApproval: row.needs_approval,
    payment:
      row.provider && row.payment_state
        ? {
            provider: row.provider,
            state: row.payment_state,
            reference: row.reference,
            declinedCode: row.declined_code,
          }
        : null,
    askedAt: isoOf(row.asked_at),
    activatedAt: row.activated_at && isoOf(row.activated_at),
    endedAt: row.ended_at && isoOf(row.ended_at),
    may: {
      approve: mayEnd && row.held_by === 'approval',
      settle: mayEnd && row.provider === 'manual' && row.payment_state === 'asked' && row.settled_as === null,
      cancel: mayEnd && row.cancellable,
    },
  };
}

function phaseOf(row: Row): RenewalPhase {
  if (row.state !== 'open') return row.state;
  if (row.run_state === 'rolling_back' || row.withdrawn_at !== null || row.asked_to_cancel) return 'taking_back';
  if (row.activated_at !== null) return 'delivering';
  if (row.held_by === 'approval') return 'waiting_approval';
  if (row.held_by === 'payment') return 'waiting_payment';
  if (row.payment_state !== null) return 'paying';
  return row.signed_at === null ? 'quoting' : 'signing';
}
