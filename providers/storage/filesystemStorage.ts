import { readdir } from 'node:fs/promises';
import { Disk } from 'flydrive';
import { FSDriver } from 'flydrive/drivers/fs';
import { DomainError } from '#contracts/errors.ts';
import type { Registry } from '#domain/database.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { bucketNameOf, tenantOfBucket } from '#domain/resources/names.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import { accessOf } from '#domain/secrets/credentials.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { executeOn } from '#domain/sql.ts';
import type { Difference, Owned, Provider, ResourceRef } from '../provider.ts';
import { measureBucket, exportBucket } from './exportBucket.ts';
import { restoreBucket, restoreObjects } from './restoreBucket.ts';
import { snapshotBucket } from './snapshotBucket.ts';
import { lookAt, makeBucket, removeBucket, setBucketAccess, type Found } from './bucketFolders.ts';

const pageSize = 500;

export interface FilesystemStorageOptions {
  registry: Registry;
  keyring: Keyring;
  root: string;
}

/** One folder a tenant below `root`, kept by flydrive's file-system driver; objects are `<bucket>/<key>`. */
export function filesystemStorage({ registry, keyring, root }: FilesystemStorageOptions): Provider {
  const isOurs = (found: Found, ref: Pick<ResourceRef, 'resourceId'>): boolean =>
    // The name follows from the tenant's id, so an empty folder is what a killed attempt of ours left.
    found.is === 'bucket' &&
    (found.tag === null ? found.empty : readTag(keyring, found.tag)?.resourceId === ref.resourceId);
  const diskOf = (bucket: string) => new Disk(new FSDriver({ location: `${root}/${bucket}`, visibility: 'private' }));

  /**
   * A file system has no transactions to hold a fence in. So what the registry wants is looked up again afterwards, until nothing was changed
   * in between: of two attempts the later look decides, also when the earlier one was frozen.
   */
  const settleBucketAccess = async ({ tenantId, resourceId }: Pick<ResourceRef, 'tenantId' | 'resourceId'>) => {
    for (let settled = null; ;) {
      const access = await accessOf(registry.em.fork(), resourceId);
      if (access === settled) return;
      await setBucketAccess(root, bucketNameOf(tenantId), access);
      settled = access;
    }
  };

  return {
    kind: 'storage',

    async plan(spec) {
      const bucket = bucketNameOf(spec.tenantId);
      const found = await lookAt(root, bucket);
      if (found.is === 'nothing') return { action: 'create', reason: `Bucket ${bucket}.` };
      if (found.is === 'tombstone') return { action: 'conflict', reason: `Bucket ${bucket} was removed.` };
      if (!isOurs(found, spec))
        return { action: 'conflict', reason: `A folder ${bucket} is there and does not carry our tag.` };
      return { action: found.tag ? 'unchanged' : 'adopt', reason: `Bucket ${bucket} is there.` };
    },

    async ensure(spec, signal) {
      const bucket = bucketNameOf(spec.tenantId);
      const em = registry.em.fork();
      const { isPresent } = await em.transactional((tx) => enterToEnsure(executeOn(tx), 'fences', spec));
      signal.throwIfAborted();
      const found = await lookAt(root, bucket);
      if (found.is === 'tombstone') throw new DomainError('resource_fenced', 'The removal of this bucket has begun.');
      // A bucket that has lost its marker is ours all the same when the fence says that we completed it.
      const lostItsMarker = isPresent && found.is === 'bucket' && found.tag === null;
      if (found.is === 'bucket' && !isOurs(found, spec) && !lostItsMarker)
        throw new DomainError(
          'resource_conflict',
          `A folder named ${bucket} is there already and does not carry our tag.`,
        );
      if (found.is === 'nothing' || found.tag === null) await makeBucket(root, bucket, writeTag(keyring, spec));
      await settleBucketAccess(spec);
      await em.transactional(async (tx) => {
        await enterToEnsure(executeOn(tx), 'fences', spec);
        await markPresent(executeOn(tx), 'fences', spec);
      });
      return { externalId: bucket, values: { bucket } };
    },

    async settleAccess(spec) {
      await registry.em.fork().transactional((tx) => enterToEnsure(executeOn(tx), 'fences', spec));
      const found = await lookAt(root, bucketNameOf(spec.tenantId));
      if (found.is !== 'bucket') return;
      if (!isOurs(found, spec) && found.tag !== null)
        throw new DomainError('resource_conflict', 'The folder does not carry our tag.');
      await settleBucketAccess(spec);
    },

    async prove(spec) {
      const disk = diskOf(bucketNameOf(spec.tenantId));
      // By the run: what a killed check left is overwritten by the next and goes with it.
      const key = `.tenantry-check-${spec.runId}`;
      const written = `check of ${spec.resourceId}`;
      try {
        await disk.put(key, written);
        if ((await disk.get(key)) !== written)
          throw new DomainError('check_failed', 'The bucket returned another object than the one written.');
      } finally {
        await disk.delete(key);
      }
    },

    async verify(spec) {
      const bucket = bucketNameOf(spec.tenantId);
      const found = await lookAt(root, bucket);
      // A file in its place would be the tombstone of a removal that the registry does not know.
      if (found.is !== 'bucket')
        return [
          {
            what: `bucket ${bucket}`,
            expected: 'present',
            found: found.is === 'tombstone' ? 'removed' : 'missing',
            repair: found.is === 'tombstone' ? 'none' : 'remake',
            isWhole: true,
          },
        ];
      const differences: Difference[] = [];
      if (!found.tag || !isOurs(found, spec))
        differences.push({
          what: `marker of bucket ${bucket}`,
          expected: 'ours',
          found: found.tag ? 'not ours' : 'missing',
          repair: found.tag ? 'none' : 'mend',
        });
      if (found.access !== spec.access)
        differences.push({
          what: `access of bucket ${bucket}`,
          expected: spec.access === 'open' ? 'closed to other users of the machine' : 'closed to all but Tenantry',
          found: { everybody: 'open to them', open: 'open to its group', suspended: 'closed to its group too' }[
            found.access
          ],
          repair: 'mend',
        });
      return differences;
    },

    async destroy(ref) {
      const em = registry.em.fork();
      await em.transactional((tx) => markDestroying(executeOn(tx), 'fences', ref));
      await removeBucket(root, bucketNameOf(ref.tenantId), (found) => isOurs(found, ref));
      await em.transactional((tx) => markDestroyed(executeOn(tx), 'fences', ref));
    },

    export: (ref, signal) => exportBucket(root, bucketNameOf(ref.tenantId), signal),
    snapshot: (ref, signal) => snapshotBucket(root, bucketNameOf(ref.tenantId), signal),

    async restore(spec, from, signal) {
      const bucket = bucketNameOf(spec.tenantId);
      await registry.em.fork().transactional((tx) => enterToEnsure(executeOn(tx), 'fences', spec));
      const found = await lookAt(root, bucket);
      if (!isOurs(found, spec) || (found.is === 'bucket' && !found.tag))
        throw new DomainError(
          'restore_refused',
          'There is no bucket of this tenant to restore into. It is made first.',
        );
      const place = { root, bucket, access: await accessOf(registry.em.fork(), spec.resourceId) };
      const { only } = from;
      const restored =
        only === null
          ? await restoreBucket(place, from, signal)
          : await restoreObjects(place, { ...from, only, open: from.open.bind(from) }, signal);
      await settleBucketAccess(spec);
      return restored;
    },

    measure: (ref) => measureBucket(root, bucketNameOf(ref.tenantId)),

    async discard({ externalId, tenantId, resourceId }, { runId, epoch }) {
      if (tenantOfBucket(externalId) !== tenantId)
        throw new DomainError('resource_conflict', `${externalId} is not the bucket of this tenant.`);
      if (resourceId) {
        const em = registry.em.fork();
        await em.transactional((tx) => markDestroying(executeOn(tx), 'fences', { resourceId, runId, epoch }));
      }
      await removeBucket(root, externalId, (found) =>
        resourceId ? isOurs(found, { resourceId }) : found.is === 'bucket' && found.tag === null && found.empty,
      );
    },

    async list(cursor) {
      const names = (await readdir(root).catch(() => [])).filter((name) => name.startsWith('t-')).sort();
      const page = names.filter((name) => name > (cursor ?? '')).slice(0, pageSize);
      const items: Owned[] = [];
      const unmarked = [];
      for (const name of page) {
        const found = await lookAt(root, name);
        const ownership = found.is === 'bucket' ? readTag(keyring, found.tag) : null;
        if (ownership) items.push({ externalId: name, what: 'Storage bucket', ownership });
        const tenantId = found.is === 'bucket' && found.tag === null && found.empty ? tenantOfBucket(name) : null;
        if (tenantId) unmarked.push({ externalId: name, what: 'Storage bucket', tenantId });
      }
      return { items, unmarked, nextCursor: page.length === pageSize ? (page.at(-1) ?? null) : null };
    },
  };
}
