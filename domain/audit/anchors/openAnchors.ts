import type { AnchorPlace } from './anchorPlace.ts';
import { fileAnchors } from './fileAnchors.ts';

/** The place that TENANTRY_AUDIT_ANCHOR names. What speaks S3 is loaded when a bucket is named. */
export function openAnchors(where: string): AnchorPlace {
  if (!where.startsWith('s3://')) return fileAnchors(where);
  const loading = import('./bucketAnchors.ts').then(({ bucketAnchors }) => bucketAnchors(where));
  loading.catch(() => undefined); // told where it is asked
  return {
    name: where,
    newest: async () => (await loading).newest(),
    append: async (line) => (await loading).append(line),
    async *lines() {
      yield* (await loading).lines();
    },
  };
}
