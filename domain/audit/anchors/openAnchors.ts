import { fileAnchors } from './fileAnchors.ts';
import type { AnchorPlace } from './anchorPlace.ts';

/** The place that TENANTRY_AUDIT_ANCHOR names. */
export const openAnchors = (where: string): AnchorPlace => fileAnchors(where);
