import {
  writeBackup,
  type BackupHead,
  type BackupPart,
  type BackupTarget,
  type WriteOptions,
  type WrittenBackup,
} from '#domain/backups/format/writeBackup.ts';
import type { Provider, ResourceRef } from '#providers/provider.ts';

export interface CopySource {
  provider: Provider;
  ref: ResourceRef;
}

export interface CopyOptions extends WriteOptions {
  /** Holds the tenant's writes for the moment in which its sources are made to stand still, so that all parts are of one point. */
  fence?: boolean;
}

/**
 * Everything of a tenant as one backup. All sources are made to stand still at once, and only then read: by how much their moments differ is in the
 * manifest, and for how long writes were held.
 *
 * @throws what {@link writeBackup} throws, and `backup_rows_hidden`
 */
export function copyTenant(
  sources: readonly CopySource[],
  target: BackupTarget,
  head: Omit<BackupHead, 'fenceMs'>,
  options: CopyOptions,
): Promise<WrittenBackup> {
  let fenceMs: number | null = null;
  const told = (held: number) => (fenceMs = held);
  const parts = (signal: AbortSignal) => partsOf(sources, signal, options.fence ? told : null);
  return writeBackup(target, { ...head, fenceMs: () => fenceMs }, parts, options);
}

async function* partsOf(
  sources: readonly CopySource[],
  signal: AbortSignal,
  tellFence: ((heldMs: number) => void) | null,
): AsyncIterable<BackupPart> {
  const opened = sources.map(({ provider, ref }) => ({
    of: { source: provider.kind, resourceId: ref.resourceId },
    parts: provider.snapshot(ref, signal)[Symbol.asyncIterator](),
  }));
  try {
    const release = tellFence ? await holdWrites(sources, signal) : null;
    const heldSince = performance.now();
    const firsts = await Promise.allSettled(opened.map(({ parts }) => parts.next()));
    await release?.();
    tellFence?.(Math.ceil(performance.now() - heldSince));
    const failed = firsts.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    for (const [at, { of, parts }] of opened.entries()) {
      const first = firsts[at];
      let next = first?.status === 'fulfilled' ? first.value : null;
      for (; next && !next.done; next = await parts.next()) yield { ...of, ...next.value };
    }
  } finally {
    // Those that were not read to their end stand still no longer.
    await Promise.allSettled(opened.map(async ({ parts }) => parts.return?.(undefined)));
  }
}

async function holdWrites(sources: readonly CopySource[], signal: AbortSignal): Promise<() => Promise<void>> {
  const held: (() => Promise<void>)[] = [];
  const release = async () => void (await Promise.allSettled(held.map((one) => one())));
  try {
    for (const { provider, ref } of sources) {
      const one = await provider.holdWrites?.(ref, signal);
      if (one) held.push(one);
    }
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}
