import { DomainError } from '#contracts/errors.ts';
import type { StepInput } from '#contracts/workflowInputs.ts';
import { signerOf, type Signer } from '#domain/audit/signingKeys.ts';
import { cardKeyOf, writeTenantCard, type TenantFacts } from '#domain/backups/format/tenantCard.ts';
import type { BackupTarget, WrittenBackup } from '#domain/backups/format/writeBackup.ts';
import type { Copying } from '#domain/backups/runs/copying.ts';
import { registryParts } from '#domain/exports/registryParts.ts';
import { deleteOrLocked } from '#domain/places/place.ts';
import { rows } from '#domain/sql.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from '../tenant/resources.ts';
import { copyTenant } from './copyTenant.ts';

/**
 * Copies everything of a tenant into the place, and lays its card beside it. What the moment of the copy made impossible is tried again.
 */
export async function writeCopy(
  deps: Deps,
  input: StepInput,
  { backupId, lockedUntil, fence }: Copying,
  signal: AbortSignal,
): Promise<WrittenBackup> {
  const { tenantId } = input;
  const target = { place: deps.backupPlace, key: await deps.tenantKeys.of(tenantId), tenantId, backupId };
  const signer = await signerOf(deps.registry.em.fork(), deps.installation);
  const specs = await specsOf(deps, input);
  await writeCardBeside(deps, target, signer, signal);
  const sources = specs.map((spec) => ({ provider: deps.providers[spec.provider]!, ref: spec }));
  const head = { installationId: deps.installation.id, ...(lockedUntil ? { lockedUntil } : {}) };
  try {
    return await copyTenant(sources, target, head, { signer, signal, fence });
  } catch (error) {
    if (error instanceof DomainError && error.code === 'backup_skewed')
      throw new ProviderError('Tenantry', error.publicMessage, { cause: error, retryable: true });
    throw error;
  }
}

/** With it the backups can be read where the registry is lost: the key as the master key wraps it, and what makes the tenant again. */
export async function writeCardBeside(
  deps: Deps,
  { place, key, tenantId }: BackupTarget,
  signer: Signer,
  signal: AbortSignal,
): Promise<void> {
  const em = deps.registry.em.fork();
  const [kept] = await rows<{ wrapped: Buffer; now: string }>(em)`
    select wrapped, clock_timestamp() as now from tenant_keys where tenant_id = ${tenantId} and wrapped is not null`;
  if (!kept) throw new DomainError('tenant_erased', 'The key of this tenant is destroyed.');
  const card = {
    ...{ installationId: deps.installation.id, tenantId, key, wrapped: kept.wrapped },
    ...{ facts: await factsOf(deps, tenantId), at: new Date(kept.now) },
  };
  await writeTenantCard(place, card, signer, signal);
  // Whoever was frozen before the card lay there may come to it after the tenant was erased, when nobody looks for it any more.
  const [still] = await rows(em)`
    select 1 from tenant_keys where tenant_id = ${tenantId} and wrapped is not null`;
  if (still) return;
  await deleteOrLocked(place, cardKeyOf(tenantId)); // by its lock, until the erasure is gone on with
  throw new DomainError('tenant_erased', 'The key of this tenant is destroyed.');
}

async function factsOf(deps: Deps, tenantId: string): Promise<TenantFacts> {
  const em = deps.registry.em.fork();
  const resources = await rows<object>(em)`
    select id, kind, provider, position from resources where tenant_id = ${tenantId} and state = 'present' order by position`;
  const parts = await registryParts(deps, tenantId);
  return { resources, ...Object.fromEntries(parts.map(({ name, rows: held }) => [name, held])) };
}
