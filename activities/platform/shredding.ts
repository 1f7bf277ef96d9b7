import { DomainError } from '#contracts/errors.ts';
import type { PlatformRef, RunRef } from '#contracts/workflowInputs.ts';
import { issueCertificate } from '#domain/erasure/certificates.ts';
import { openErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { mirrorErasures } from '#domain/erasure/erasureMirror.ts';
import { beginShredding, destroyKey, erasedTenantOf, workflowsOf } from '#domain/erasure/shredding.ts';
import { runIsOver } from '#contracts/runStates.ts';
import { moveRun } from '#domain/runs/ledger.ts';
import { countErasure } from '#observability/offboardingMetrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { eraseLeft } from './eraseLeft.ts';

/** `shredding.*`: destroys the key of a tenant that is gone, and says so. Each is told its step, and may be repeated. */
export const shreddingActivities = (deps: Deps) => ({
  'shredding.begin': (step: RunRef & { stepId: string }): Promise<void> => beginShredding(deps.ledger, step),

  /** Throws, to be asked again, while a workflow of the tenant is under way in the ledger or in Temporal: it could not be read again. */
  async 'shredding.workflowsHaveEnded'(ref: RunRef & { stepId: string }): Promise<void> {
    const em = deps.registry.em.fork();
    const { open, ids } = await workflowsOf(em, await erasedTenantOf(em, ref));
    let running = open;
    for (const id of ids) if (await deps.executionIsOpen(id)) running += 1;
    if (running === 0) return;
    const text = `${running} of the tenant's workflows are still under way.`;
    await deps.ledger.noteFailedAttempt(ref, { code: 'workflows_open', text });
    throw new ProviderError('Temporal', text, { retryAfterMs: 1_000 });
  },

  'shredding.destroyKey': (ref: PlatformRef): Promise<void> => destroyKey(deps, ref),

  /** What came back since the erasure goes first. The line in the ledger comes before the certificate can be read, and is copied to where somebody may restore from. */
  async 'shredding.certify'(ref: PlatformRef): Promise<void> {
    await eraseLeft(deps, await erasedTenantOf(deps.registry.em.fork(), ref));
    const ledger = openErasureLedger(deps.configuration);
    await issueCertificate(deps.registry.em.fork(), deps.installation, ledger, ref);
    await mirrorErasures(ledger, deps.backupPlace);
  },

  async 'shredding.close'(ref: PlatformRef): Promise<void> {
    const isNew = await deps.ledger.onRun(ref, async (em, run) => {
      if (runIsOver(run.state)) return { changed: false, result: false };
      if (run.state === 'queued') throw new DomainError('run_over', 'Nothing was done yet.');
      await moveRun(em, run, 'succeeded');
      return { changed: true, result: true };
    });
    if (isNew) countErasure();
  },
});
