import { sql, type RawBuilder } from 'kysely';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { headingOfKind } from '../resources/resourceTitles.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';

/** Whether a finding asks for a person: an acceptance that has ended is none, before the next check says so too. */
export const isOpen: RawBuilder<boolean> = sql`(f.state = 'open' or (f.state = 'accepted' and f.accepted_until <= now()))`;

export async function countOpenFindings(em: Sql): Promise<number> {
  const [open] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from drift_findings f where ${isOpen}`;
  return open?.count ?? 0;
}

const shownInTask = 20;

/** One task for all that is open; it closes by itself when nothing is. */
export async function settleDriftTask(em: Sql, runId: string, actor: Actor): Promise<void> {
  const open = await rows<{ provider: string; where: string; what: string; expected: string; found: string }>(em)`
    select r.provider, coalesce(r.external_id, r.id::text) as where, f.what, f.expected, f.found
    from drift_findings f join resources r on r.id = f.resource_id
    where ${isOpen} order by f.is_ghost desc, f.first_seen_at, f.id limit ${shownInTask}`;
  if (open.length === 0) return closeTasks(em, { platform: true, kinds: ['drift'] }, actor);
  const count = await countOpenFindings(em);
  await openTask(
    em,
    {
      kind: 'drift',
      runId,
      tenantId: null,
      title: 'Resources differ from what was made',
      reason: { code: 'drift_found', text: `${count} ${count === 1 ? 'difference is' : 'differences are'} open.` },
      left: open.map(({ provider, where, what, expected, found }) => ({
        title: `${headingOfKind(provider)}: ${what}`,
        where,
        why: `Expected: ${expected}. Found: ${found}.`,
      })),
    },
    actor,
  );
}
