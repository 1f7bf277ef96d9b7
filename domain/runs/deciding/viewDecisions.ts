import type { RunDecision } from '#contracts/runs.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { isoOf } from '../../isoOf.ts';

/** What people told these runs, by run, oldest first. */
export async function decisionsOf(em: Sql, runIds: string[]): Promise<Map<string, RunDecision[]>> {
  const found = await rows<{
    run_id: string;
    kind: RunDecision['decision'];
    step_id: string;
    title: string;
    edited: boolean;
    email: string | null;
    created_at: string;
    taken_at: string | null;
  }>(em)`
    select d.run_id, d.kind, d.step_id, s.title, d.input_number is not null as edited, u.email, d.created_at, d.taken_at
    from decisions d join run_steps s on s.id = d.step_id left join users u on u.id = d.actor_id and u.tenant_id is null
    where d.run_id = any(${runIds}::uuid[]) order by d.created_at`;
  const byRun = new Map<string, RunDecision[]>();
  for (const one of found)
    byRun.set(one.run_id, [
      ...(byRun.get(one.run_id) ?? []),
      {
        decision: one.kind,
        stepId: one.step_id,
        step: one.title,
        edited: one.edited,
        decidedBy: one.email,
        decidedAt: isoOf(one.created_at),
        takenAt: one.taken_at ? isoOf(one.taken_at) : null,
      },
    ]);
  return byRun;
}
