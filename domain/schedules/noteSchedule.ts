import type { ScheduledKind } from '#contracts/schedules.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** What somebody did to a schedule. Of the schedule itself nothing is kept here: Temporal has it. */
export async function noteSchedule(
  em: Sql,
  kind: ScheduledKind,
  { type, data }: { type: `schedule.${string}`; data: Record<string, unknown> },
  actor: Actor,
): Promise<void> {
  await rows(em)`select pg_advisory_xact_lock(hashtextextended(${`schedule ${kind}`}, 0))`;
  await appendEvent(em, { stream: `schedule:${kind}`, type, tenantId: null, data }, actor);
}
