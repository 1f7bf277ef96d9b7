import type { RunRef } from '#contracts/workflowInputs.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import { moveRun, type Ledger, type LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';

const dayMs = 86_400_000;
/** Looked at once a day in any case: nothing is lost when nobody is told of a change. */
const longestWaitMs = dayMs;

/** What an onboarding's workflow is to do next. Times are its own clock's, in milliseconds since 1970. */
export type NextDeed =
  | { do: 'verify' | 'load' | 'escalate' | 'finish' | 'cancel' | 'stop' }
  | { do: 'remind'; rung: number }
  | { do: 'wait'; untilMs: number };

interface Held {
  state: string;
  tenant_state: string;
  reminder_days: number[];
  escalate_after_days: number | null;
  began_ms: string | null;
  paused_ms: string | null;
  paused_total_ms: string;
  rung: number;
  escalated_ms: string | null;
  open: number;
  domain_asked: boolean | null;
  next_check_ms: string | null;
  sample_asked: boolean;
}

/**
 * Brings the ledger to what the items say, notes whether the tenant is suspended, and tells what is due by `nowMs`, the workflow's
 * time. Repeating it changes nothing. What became due while nobody looked is told in the order in which it became so.
 */
export function lookOnboarding(ledger: Ledger, ref: RunRef, nowMs: number): Promise<NextDeed> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: { do: 'stop' } };
    const began = run.state === 'queued';
    if (began) await moveRun(em, run, 'running');
    const held = await holdOnboarding(em, run.id, nowMs);
    const settled = await settleSteps(em, run.id);
    const result = held ? await nextOf(em, run, held, nowMs) : { do: 'stop' as const };
    return { changed: began || settled, result };
  });
}

async function holdOnboarding(em: Sql, runId: string, nowMs: number): Promise<Held | null> {
  await rows(em)`
    update onboardings set changed_at = null, began_ms = coalesce(began_ms, ${nowMs}::bigint) where run_id = ${runId}`;
  const [held] = await rows<Held>(em)`
    select o.*, t.state as tenant_state,
      (select count(*)::int from onboarding_items i where i.run_id = o.run_id and i.state = 'open') as open,
      d.asked_at is not null as domain_asked, d.next_check_ms,
      exists (select 1 from tenant_samples s where s.tenant_id = o.tenant_id and s.state = 'asked') as sample_asked
    from onboardings o join tenants t on t.id = o.tenant_id
    left join tenant_mail_domains d on d.tenant_id = o.tenant_id and d.verified_at is null
    where o.run_id = ${runId}`;
  return held ?? null;
}

/** An item's step is under way while it is open, and ends as the item does. */
async function settleSteps(em: Sql, runId: string): Promise<boolean> {
  const settled = await rows(em)`
    update run_steps s set
      state = case i.state when 'open' then 'running' else i.state end, attempt = 1, started_at = coalesce(s.started_at, now()),
      finished_at = i.settled_at, reason_code = case when i.state = 'skipped' then 'skipped' end, reason = i.reason
    from onboarding_items i
    where s.run_id = ${runId} and i.run_id = s.run_id and i.item = s.key
      and s.state <> case i.state when 'open' then 'running' else i.state end
    returning 1`;
  return settled.length > 0;
}

async function nextOf(em: Sql, run: LockedRun, held: Held, nowMs: number): Promise<NextDeed> {
  if (held.state !== 'open') return { do: 'stop' };
  if (run.cancelRequestedAt || (held.tenant_state !== 'active' && held.tenant_state !== 'suspended'))
    return { do: 'cancel' };
  if (held.tenant_state === 'suspended') {
    if (held.paused_ms === null) await pause(em, run, nowMs);
    return { do: 'wait', untilMs: nowMs + longestWaitMs };
  }
  const pausedMs = held.paused_ms === null ? 0 : Math.max(0, nowMs - Number(held.paused_ms));
  if (held.paused_ms !== null) await goOn(em, run, pausedMs);
  if (held.open === 0) return { do: 'finish' };
  const nextCheckMs = held.next_check_ms === null ? Infinity : Number(held.next_check_ms);
  const rung = nextRung(held, pausedMs, nowMs, nextCheckMs);
  if (rung.do !== 'wait') return rung;
  if (held.domain_asked || nextCheckMs <= nowMs) return { do: 'verify' };
  return held.sample_asked ? { do: 'load' } : rung;
}

/** The ladder is counted from the beginning; what the tenant was suspended for does not count. */
function nextRung(held: Held, pausedMs: number, nowMs: number, nextCheckMs: number): NextDeed {
  const zeroMs = Number(held.began_ms ?? nowMs) + Number(held.paused_total_ms) + pausedMs;
  const days = held.reminder_days[held.rung];
  const remindMs = days === undefined ? Infinity : zeroMs + days * dayMs;
  const escalates = held.escalated_ms === null && held.escalate_after_days !== null;
  const escalateMs = escalates ? zeroMs + (held.escalate_after_days ?? 0) * dayMs : Infinity;
  if (remindMs <= nowMs && remindMs <= escalateMs) return { do: 'remind', rung: held.rung };
  if (escalateMs <= nowMs) return { do: 'escalate' };
  return { do: 'wait', untilMs: Math.min(remindMs, escalateMs, nextCheckMs, nowMs + longestWaitMs) };
}

async function pause(em: Sql, run: LockedRun, nowMs: number): Promise<void> {
  await rows(em)`update onboardings set paused_ms = ${nowMs}::bigint where run_id = ${run.id}`;
  await tell(em, run, 'onboarding.paused');
}

async function goOn(em: Sql, run: LockedRun, pausedMs: number): Promise<void> {
  await rows(em)`
    update onboardings set paused_ms = null, paused_total_ms = paused_total_ms + ${pausedMs}::bigint where run_id = ${run.id}`;
  await tell(em, run, 'onboarding.resumed');
}

/** Of the onboarding of a run that is held: its row is locked, so versions of its stream do not collide. */
export const tell = (em: Sql, { id, tenantId }: LockedRun, type: string, data: object = {}): Promise<void> =>
  appendEvent(em, { stream: `onboarding:${id}`, type, tenantId, data: { ...data } }, theSystem);
