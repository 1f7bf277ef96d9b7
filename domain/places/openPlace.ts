import type { Configuration } from '../configuration.ts';
import { filesystemPlace } from './filesystemPlace.ts';
import type { Place } from './place.ts';

/** The place that TENANTRY_PLACE names, or one of its kin; `isOurs` as for {@link filesystemPlace}. What speaks S3 is loaded when a bucket is named. */
export function openPlace({ place: where, isOurs = true }: Pick<Configuration, 'place'> & { isOurs?: boolean }): Place {
  if (!where.startsWith('s3://')) return filesystemPlace(where, { isOurs });
  const loading = import('./bucketPlace.ts').then(({ bucketPlace }) => bucketPlace(where));
  loading.catch(() => undefined); // told where it is asked
  return {
    name: where,
    put: async (...given) => (await loading).put(...given),
    async *get(key) {
      yield* (await loading).get(key);
    },
    delete: async (key) => (await loading).delete(key),
    lockedUntil: async (key) => (await loading).lockedUntil(key),
    async *list(...given) {
      yield* (await loading).list(...given);
    },
  };
}
