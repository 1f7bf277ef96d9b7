import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { DeedInput } from '#contracts/workflowInputs.ts';
import type { runbookWorkflows, RunbookWorkflow } from '#contracts/runbooks/workflows.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { openRestoreInPlace } from '#domain/backups/restoring/openRestore.ts';
import { openBackup } from '#domain/backups/runs/openBackup.ts';
import type { Sql } from '#domain/database.ts';
import { openCheck } from '#domain/drift/check.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import { openChild } from '#domain/runbooks/executing/deeds.ts';
import { rows } from '#domain/sql.ts';
import { openOffboarding } from '#domain/offboarding/openOffboarding.ts';
import { openRotation } from '#domain/rotation/openRotation.ts';
import { slugOf } from '#domain/tenants/addresses.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import type { Deps } from '../deps.ts';
import type { ActionResult } from './action.ts';

const lookEveryMs = 250;
/** One that takes hours is not looked at many times a second. */
const lookAtMostEveryMs = 5_000;
/** Where a run has done its part although it goes on: the grace of an offboarding may last for months. */
const doneOnceHeldBy: Partial<Record<RunbookWorkflow, string>> = { offboardTenant: 'grace' };

type Opened = { runId: string; output: Record<string, unknown> };
type ParamsOf<Name extends RunbookWorkflow> = (typeof runbookWorkflows)[Name]['params']['_output'];

type Openings = { [Name in RunbookWorkflow]: (em: Sql, params: ParamsOf<Name>, actor: Actor) => Promise<Opened> };

const openings = ({ tenantKeys, configuration }: Pick<Deps, 'tenantKeys' | 'configuration'>): Openings => ({
  async createTenant(em, { name, slug, plan }, actor) {
    const wanted = { name, ...(slug ? { slug } : {}), ...(plan ? { plan } : {}) };
    const made = await registerTenant(em, tenantKeys, wanted, actor);
    return { runId: made.runId, output: { tenantId: made.tenantId, slug: made.slug } };
  },
  async backupTenant(em, { tenantId }, actor) {
    return { runId: (await openBackup(em, { tenantId, cause: 'asked' }, actor)).runId, output: {} };
  },
  async drillTenant(em, { tenantId, backupId }, actor) {
    const { runId } = await openDrill(em, tenantId, backupId ? { backupId } : {}, actor);
    return { runId, output: {} };
  },
  async restoreTenant(em, { tenantId, backupId }, actor) {
    const [newest] = await rows<{ id: string }>(em)`
      select id from backups where tenant_id = ${tenantId} and state = 'kept' and (${backupId ?? null}::uuid is null or id = ${backupId ?? null}::uuid)
      order by at desc limit 1`;
    if (!newest) throw new DomainError('backup_not_found', 'This tenant has no such backup.');
    const wanted = { backupId: newest.id, confirm: await slugOf(em, tenantId) };
    const { runId } = await openRestoreInPlace(em, tenantKeys, tenantId, wanted, actor);
    return { runId, output: { backupId: newest.id } };
  },
  async deprovisionTenant(em, { tenantId }, actor) {
    return { runId: (await openRemoval(em, tenantId, await slugOf(em, tenantId), actor)).runId, output: {} };
  },
  async offboardTenant(em, { tenantId, graceDays }, actor) {
    const wanted = {
      confirm: (await slugOf(em, tenantId)) || tenantId,
      ...(typeof graceDays === 'number' ? { graceDays } : {}),
    };
    return { runId: (await openOffboarding(em, configuration, tenantId, wanted, actor)).runId, output: {} };
  },
  async rotateTenantSecrets(em, { tenantId, kinds, overlapSeconds }, actor) {
    const wanted = { tenantId, confirm: await slugOf(em, tenantId), kinds, overlapSeconds };
    return { runId: (await openRotation(em, wanted, actor)).runId, output: {} };
  },
  async checkDrift(em, _params, actor) {
    return { runId: await openCheck(em, null, actor), output: {} };
  },
  async backupPlatform(em, _params, actor) {
    return { runId: await openPlatformBackup(em, null, actor), output: {} };
  },
});

/**
 * Starts a run of another kind, once, and follows it until it is over. Refuses with `child_failed` where it did not succeed, and with
 * whatever opening it refuses with.
 */
export async function runChild(
  deps: Deps,
  deed: DeedInput,
  { workflow, params, actor }: { workflow: RunbookWorkflow; params: never; actor: Actor },
  signal: AbortSignal,
): Promise<ActionResult> {
  const { runId, output } = await openChild(deps.ledger, deed, (em) => openings(deps)[workflow](em, params, actor));
  // What does not start now, the reconciler starts.
  await deps.startRun(runId).catch(() => undefined);
  for (let waitMs = lookEveryMs; ; waitMs = Math.min(waitMs * 1.1, lookAtMostEveryMs)) {
    signal.throwIfAborted();
    const [run] = await rows<{ state: RunState; reason: string | null; heldBy: string | null }>(
      deps.registry.em.fork(),
    )`select state, reason, held_by as "heldBy" from runs where id = ${runId}`;
    if (!run) throw new Error(`there is no run ${runId}`);
    const isHeldWhereItMay = run.heldBy !== null && run.heldBy === doneOnceHeldBy[workflow];
    if (run.state === 'succeeded' || isHeldWhereItMay) return { ...(output as ActionResult), runId, state: run.state };
    if (runIsOver(run.state))
      throw new DomainError(
        'child_failed',
        `The run that it started ended as ${run.state.replaceAll('_', ' ')}${run.reason ? `: ${run.reason}` : '.'}`,
      );
    await sleep(waitMs, undefined, { signal });
  }
}
