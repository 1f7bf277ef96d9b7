import type { Permission } from '#contracts/permissions.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { openReverseOwnership } from '../ownership/askOwnership.ts';
import type { Platform } from '../platform.ts';
import { openReverseRestore } from '../backups/restoring/openRestore.ts';
import { openReverseRename } from '../renaming/openRename.ts';
import { rows } from '../sql.ts';
import { lockRun } from './ledger.ts';
import { notReversible, type OpenedReverse } from './reversing.ts';

/** How what a kind of run did is taken back: by another run, which this opens in the caller's transaction. */
interface Reversal {
  /** What somebody needs to do it: the same as to do it the first time. */
  permission: Permission;
  open(em: Sql, run: { id: string; tenantId: string }, actor: Actor, platform: Platform): Promise<OpenedReverse>;
}

/** Whoever adds a kind here also calls `offerReverse` where such a run ends well. */
const reversals: Partial<Record<WorkflowKind, Reversal>> = {
  renameTenant: { permission: 'tenants:update', open: openReverseRename },
  restoreTenant: { permission: 'backups:restore', open: openReverseRestore },
  changeOwnership: { permission: 'tenants:transfer', open: openReverseOwnership },
};

/**
 * Opens the run that takes back what a run did. Call inside a transaction. Refuses with `not_found`, `run_not_reversible`,
 * `run_in_progress`, and with what the kind of run refuses.
 *
 * @param demand refuses who may not do it to this tenant
 */
export async function openReverse(
  em: Sql,
  platform: Platform,
  runId: string,
  demand: (permission: Permission) => void,
  actor: Actor,
): Promise<OpenedReverse> {
  const run = await lockRun(em, runId);
  const reversal = reversals[run.kind];
  if (!reversal || !run.tenantId) throw notReversible('What this run did cannot be taken back by another.');
  demand(reversal.permission);
  const [offer] = await rows<{ open: boolean; reversed: boolean }>(em)`
    select reversible_until > now() as open,
      exists (select 1 from runs other where other.reverse_of = runs.id and other.state = 'succeeded') as reversed
    from runs where id = ${runId}`;
  if (run.state !== 'succeeded') throw notReversible(`The run ended ${run.state}: there is nothing to take back.`);
  if (offer?.reversed) throw notReversible('It was taken back already.');
  if (!offer?.open) throw notReversible('The time in which it could be taken back is over.');
  return reversal.open(em, { id: runId, tenantId: run.tenantId }, actor, platform);
}
