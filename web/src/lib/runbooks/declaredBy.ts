import type { PracticeKind } from '#contracts/runbooks/actions.ts';
import type { RunbookCatalogue } from '#contracts/runbooks/runbooks.ts';

/** What each action and each workflow declares for practice, by its name; null: nothing. */
export const declaredBy = ({ actions, workflows }: RunbookCatalogue): Record<string, PracticeKind | null> =>
  Object.fromEntries([...actions, ...workflows].map(({ name, practice }) => [name, practice]));
