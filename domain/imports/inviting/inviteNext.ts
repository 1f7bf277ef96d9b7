import { v7 as newId } from 'uuid';
import type { Sql } from '../../database.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import type { LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';

/** The tenants of an import whose administrators have not been written to. */
export const heldOf = (em: Sql, importId: string, most: number): Promise<{ id: string }[]> =>
  rows<{ id: string }>(em)`
    select t.id from import_lines l join tenants t on t.id = l.tenant_id
    where l.import_id = ${importId} and l.state = 'created' and t.invitation_held and t.state = 'active' and t.admin_sealed is not null
    order by l.number limit ${most} for update of t`;

/** Opens the next runs that write to administrators, while fewer than the window are under way. */
export async function inviteNext(
  em: Sql,
  run: LockedRun,
  importId: string,
  window: number,
  stands: boolean,
): Promise<{ open: number; left: number; runIds: string[] }> {
  const [under] = await rows<{ open: number; over: number }>(em)`
    select count(*) filter (where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))::integer as open,
           count(*) filter (where state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))::integer as over
    from runs where parent_run_id = ${run.id} and kind = 'deliverInvitation'`;
  const { open = 0, over = 0 } = under ?? {};
  await rows(
    em,
  )`update run_progress set done = ${over}::int, updated_at = now() where run_id = ${run.id} and done <> ${over}::int`;
  const next = stands ? [] : await heldOf(em, importId, Math.max(0, window - open));
  const runIds: string[] = [];
  for (const { id: tenantId } of next) {
    const id = newId();
    const { actor } = run;
    await openRun(
      em,
      {
        id,
        kind: 'deliverInvitation',
        tenantId,
        exclusive: false,
        cancellable: false,
        parentRunId: run.id,
        queue: 'bulk',
      },
      actor,
    );
    await addSteps(em, id, [
      { title: 'Send the invitation', kind: 'fixed', provider: 'invitation', act: 'invitation.send', undo: null },
    ]);
    await rows(em)`update tenants set invitation_held = false where id = ${tenantId}`;
    runIds.push(id);
  }
  const [still] = await heldOf(em, importId, 1);
  return { open: open + runIds.length, left: still ? 1 : 0, runIds };
}
