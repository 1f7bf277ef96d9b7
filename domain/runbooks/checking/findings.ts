import type { FieldError } from '#contracts/errors.ts';
import type { Finding, FindingCode } from '#contracts/runbooks/runbooks.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';

/** What a check is told of the platform that it is made for. */
export interface CheckedFor {
  /** What SQL checks may be asked of. */
  stores: readonly string[];
  /** How many people could approve; null where nobody counted. */
  approvers: number | null;
}

export const finding = (
  code: FindingCode,
  path: string,
  message: string,
  severity: Finding['severity'] = 'error',
): Finding => ({ severity, code, path, message });

/** A step that has the right form, with its place: `steps.2.steps.0`. */
export interface PlacedLeaf {
  leaf: LeafStep;
  path: string;
}

export const formFindings = (above: string, fields: FieldError[]): Finding[] =>
  fields.map(({ path, message }) => finding('form_invalid', [above, path].filter(Boolean).join('.'), message));
