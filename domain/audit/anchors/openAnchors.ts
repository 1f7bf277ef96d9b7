import { anchorLines, type AnchorPlace, type LineKind, type LinePlace } from './anchorPlace.ts';
import { fileAnchors } from './fileAnchors.ts';

/** The place that TENANTRY_AUDIT_ANCHOR names. */
export const openAnchors = (where: string): AnchorPlace => openLines(where, anchorLines);

/** Lines of any kind at a file, in a folder, or in a bucket. What speaks S3 is loaded when a bucket is named. */
export function openLines<Line extends { number: number; at: string }>(
  where: string,
  kind: LineKind<Line>,
): LinePlace<Line> {
  if (!where.startsWith('s3://')) return fileAnchors(where, kind);
  const loading = import('./bucketAnchors.ts').then(({ bucketAnchors }) => bucketAnchors(where, kind));
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
