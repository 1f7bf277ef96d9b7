/** A label while it is being typed: a row may be empty, and two rows may have one key for a moment. */
export interface LabelDraft {
  key: string;
  value: string;
}

export const labelDrafts = (labels: Record<string, string>): LabelDraft[] =>
  Object.entries(labels).map(([key, value]) => ({ key, value }));

/** What was typed, without the rows that have no key. */
export const labelsOf = (drafts: LabelDraft[]): Record<string, string> =>
  Object.fromEntries(drafts.filter(({ key }) => key.trim()).map(({ key, value }) => [key.trim(), value.trim()]));
