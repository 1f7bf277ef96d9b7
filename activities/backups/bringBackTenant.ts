import { DomainError } from '#contracts/errors.ts';
import { readPart, type OpenBackup } from '#domain/backups/format/readBackup.ts';
import type { Provider, ResourceSpec, Restored } from '#providers/provider.ts';

export interface RestoreTarget {
  provider: Provider;
  /** Of a resource that `ensure` has made, and that nobody uses meanwhile. */
  spec: ResourceSpec;
}

/** By source: its tables, objects or people that are to come back, or null for all of it. A source that is not named stays as it is. */
export type Choice = Record<string, readonly string[] | null>;

/**
 * Brings back what a backup holds, source by source, each whole or not at all; twice is once. All that is wanted is read through before anything is touched, so
 * that a broken backup changes nothing. Of a source that the backup does not have nothing is touched.
 *
 * @param choice null for everything
 * @returns by source
 * @throws what {@link Provider.restore} throws
 */
export async function bringBackTenant(
  targets: readonly RestoreTarget[],
  backup: OpenBackup,
  choice: Choice | null,
  signal: AbortSignal,
): Promise<Record<string, Restored>> {
  const restored: Record<string, Restored> = {};
  const unknown = Object.keys(choice ?? {}).find((source) => !targets.some(({ provider }) => provider.kind === source));
  if (unknown) throw new DomainError('restore_refused', `The tenant has no ${unknown} to restore into.`);
  const { manifest } = backup;
  for (const part of backup.parts)
    if (choice === null || choice[part.source] !== undefined)
      for await (const _piece of readPart(backup, part)) signal.throwIfAborted();
  for (const { provider, spec } of targets) {
    const source = manifest.sources.find((one) => one.source === provider.kind);
    const only = choice === null ? null : choice[provider.kind];
    if (!source || only === undefined) continue;
    restored[provider.kind] = await provider.restore(
      spec,
      {
        until: new Date(Date.parse(manifest.at) + manifest.skewMs),
        tenantId: manifest.tenant,
        resourceId: source.resource,
        parts: backup.parts.filter((part) => part.source === provider.kind),
        open: (part) => readPart(backup, part),
        only,
      },
      signal,
    );
  }
  return restored;
}
