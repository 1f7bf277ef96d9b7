import { Context } from '@temporalio/activity';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { DomainError } from '#contracts/errors.ts';
import { announceAccess, bumpAccessEpoch } from '#domain/access/epoch.ts';
import { beginSettlingAccess } from '#domain/resources/settlingAccess.ts';
import { lookAtGrace, type GraceAnswer } from '#domain/offboarding/grace.ts';
import { lockOffboarding } from '#domain/offboarding/offboardingRow.ts';
import { stepsDoneOf } from '#domain/offboarding/takeBack.ts';
import { takeTenant } from '#domain/runs/exclusivity.ts';
import { rows } from '#domain/sql.ts';
import { ProviderError, type ResourceSpec } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

export interface OffboardingStage {
  /** The erasure has begun: there is no way back. */
  isErasing: boolean;
  /** Ids of the steps that are done. */
  done: string[];
}

/** `leaving.*`, `grace.*`: how a tenant that leaves is closed, waited for, and opened again when that is undone. */
export const leavingActivities = (deps: Deps) => ({
  /** Closes what was open. Everything outside keeps what it holds. */
  'leaving.ensure': (input: StepInput): Promise<void> => setAccess(deps, input, 'suspended'),

  /** Opens exactly what was open before. */
  async 'leaving.destroy'(input: StepInput): Promise<void> {
    await deps.registry.em.fork().transactional((em) => holdAgain(em, input));
    await setAccess(deps, input, 'open');
  },

  'offboarding.stage': async ({ runId }: RunRef): Promise<OffboardingStage> => {
    const em = deps.registry.em.fork();
    const { erasingAt } = await em.transactional((tx) => lockOffboarding(tx, runId));
    return { isErasing: erasingAt !== null, done: await stepsDoneOf(em, runId) };
  },

  /** @param now the workflow's time, in milliseconds */
  'grace.look': (ref: RunRef & { stepId: string }, now: number): Promise<GraceAnswer> =>
    lookAtGrace(deps.ledger, deps.configuration, ref, now),
});

/** Whoever changes the tenant at this moment has its end waited for. */
async function holdAgain(em: Parameters<typeof takeTenant>[0], { runId, tenantId }: StepInput): Promise<void> {
  const [run] = await rows<{ kind: string; exclusive: boolean }>(em)`
    select kind, exclusive from runs where id = ${runId}`;
  if (run?.kind !== 'offboardTenant' || run.exclusive) return;
  await takeTenant(em, { id: runId, tenantId }).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
    throw new ProviderError('Tenantry', error.publicMessage, { cause: error, retryAfterMs: 1_000 });
  });
}

/** The registry says first what is wanted, of all of them: whoever acts, however late, makes it so and nothing else. */
async function setAccess(
  { registry, installation, providers, announcer }: Deps,
  input: StepInput,
  access: 'open' | 'suspended',
): Promise<void> {
  const { runId, tenantId, epoch } = input;
  const found = await rows<{ id: string }>(registry.em.fork())`
    select r.id from offboardings o join resources r on r.id = any(o.closed_resources)
    where o.tenant_id = ${tenantId} and o.closed_at is null and r.tenant_id = ${tenantId} and r.state = 'present'
    order by r.position`;
  const specs: (ResourceSpec & { provider: string })[] = [];
  for (const { id: resourceId } of found) {
    const facts = await beginSettlingAccess(registry.em.fork(), resourceId, input, access);
    specs.push({ installationId: installation.id, tenantId, resourceId, runId, epoch, ...facts });
  }
  announceAccess(announcer, await registry.em.fork().transactional(bumpAccessEpoch));
  for (const spec of specs) await providers[spec.provider]!.settleAccess(spec, Context.current().cancellationSignal);
}
