import type { ErrorCode } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { carryOut, nothingDrained, sum, type Drained, type Settlement } from './carryOut.ts';
import { findDue, postpone, type DueLicense } from './dueRows.ts';

/** Refusals that no other day changes; whoever takes back that a licence ends with its term makes its renewal due again. */
const isForGood: ReadonlySet<ErrorCode> = new Set(['license_not_renewable', 'license_over']);
const againSeconds = 24 * 60 * 60;

/** Opens the run that renews a licence. Refuses by a DomainError what is not to be renewed. */
export type OpenRenewal = (
  em: Sql,
  licenseId: string,
  options: { cause: 'due'; dueAt: string },
  actor: Actor,
) => Promise<{ runId: string }>;

/**
 * Opens the renewals that are due by `now`, each in a transaction of its own. What cannot be renewed while something is suspended waits
 * until nothing is, however long; what is refused is told, and tried again or passed over, with the code of the refusal.
 */
export async function drainRenewals(em: Sql, openRenewal: OpenRenewal, now: Date, most = 50): Promise<Drained> {
  await release(em);
  let drained = nothingDrained();
  for (const { licenseId } of await findDue(em, 'renewals', now, most)) {
    const one = await carryOut(em, [licenseId], {
      ...{ drain: 'renewals', now },
      settle: (tx, [licence]) => renew(tx, openRenewal, licence!),
      refused: (tx, [licence], { code }) => passOver(tx, licence!, code, now),
    });
    drained = sum(drained, one);
  }
  return drained;
}

/** What waited while something was suspended, and does so no more. */
const release = (em: Sql): Promise<unknown> =>
  rows(em)`
    update license_dues d set state = 'open' from licenses l, tenants t
    where d.state = 'held' and l.id = d.license_id and l.state = 'active' and t.id = l.tenant_id and t.state = 'active'`;

async function renew(em: Sql, openRenewal: OpenRenewal, licence: DueLicense): Promise<Settlement> {
  const { id, state, tenant_state: tenantState, dues } = licence;
  if (state !== 'active' || tenantState !== 'active') {
    await rows(em)`
      update license_dues set state = 'held' where license_id = ${id} and kind = 'renewal' and state = 'open'`;
    return { settled: [] };
  }
  const due = dues.at(-1)!;
  const { runId } = await openRenewal(em, id, { cause: 'due', dueAt: isoOf(due.due_at) }, theSystem);
  return { settled: dues.map((one) => ({ due: one, why: one === due ? null : 'newer_renewal' })), runIds: [runId] };
}

/**
 * What was refused may be otherwise tomorrow (a price is set, a renewal that somebody asked for is taken back), so it is tried each day until
 * the licence counts no more. It is told once.
 */
async function passOver(em: Sql, licence: DueLicense, code: ErrorCode, now: Date): Promise<Settlement> {
  const { id, tenant_id: tenantId, over_at: overAt, dues } = licence;
  const due = dues.at(-1)!;
  const isOver = isForGood.has(code) || overAt === null || new Date(overAt) <= now;
  if (due.retry_at === null) {
    const data = { endsAt: isoOf(due.ends_at), why: code };
    await appendEvent(
      em,
      { stream: `license:${id}`, type: 'license.renewal_refused', tenantId, outcome: 'refused', code, data },
      theSystem,
    );
  }
  if (!isOver) await postpone(em, 'renewals', id, now, againSeconds);
  return { settled: isOver ? dues.map((one) => ({ due: one, why: code })) : [] };
}
