import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { noteAfter, noteBefore, type Cause } from '#domain/erasure/erasures.ts';
import type { Counts } from '#domain/erasure/registryStores.ts';
import { shreddingAfter } from '#domain/erasure/shredding.ts';
import { rows } from '#domain/sql.ts';
import { ProviderError, type Measures } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

/** `erasure.*`: what is counted before and after everything of a tenant is removed, and what follows. */
export const erasureActivities = (deps: Deps) => ({
  async 'erasure.countBefore'(ref: RunRef, cause: Cause): Promise<void> {
    await noteBefore(deps.registry.em.fork(), ref, cause, await countOutside(deps, ref, 'before'));
  },

  async 'erasure.countAfter'(ref: RunRef): Promise<void> {
    await noteAfter(deps.registry.em.fork(), ref.tenantId, await countOutside(deps, ref, 'after'));
  },

  /** The platform's run that destroys the key; null when nothing is to be certified. */
  'erasure.followUp': ({ tenantId }: RunRef): Promise<string | null> =>
    shreddingAfter(deps.registry.em.fork(), tenantId),
});

type Intent = 'before' | 'after';

/** After so many attempts the erasure goes on without a count. */
const countAttempts = 20;

/** Of every resource that the tenant ever had, whatever the registry believes of it. */
async function countOutside({ registry, providers, installation }: Deps, ref: RunRef, intent: Intent): Promise<Counts> {
  const had = await rows<{ id: string; provider: string; state: string }>(registry.em.fork())`
    select id, provider, state from resources where tenant_id = ${ref.tenantId} order by position`;
  const counts: Counts = {};
  for (const { id: resourceId, provider, state } of had) {
    const measured = await providers[provider]
      ?.measure({ installationId: installation.id, ...ref, resourceId })
      .catch((error: unknown) => notCounted(error, { intent, state }));
    const of = (counts[provider] ??= {});
    for (const [what, count] of Object.entries(measured ?? {})) of[what] = (of[what] ?? 0) + count;
  }
  return counts;
}

/** What cannot be counted keeps no erasure from going on; but what a certificate says to be gone was counted. */
function notCounted(error: unknown, { intent, state }: { intent: Intent; state: string }): Measures {
  const isCertified = intent === 'after' && state === 'destroyed';
  if (!isCertified && Context.current().info.attempt >= countAttempts) return { 'not counted': 1 };
  // A refusal would end the run instead of trying again.
  if (error instanceof DomainError)
    throw new ProviderError('Tenantry', error.publicMessage, { cause: error, retryable: true });
  throw error;
}
