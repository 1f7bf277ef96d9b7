import type { z } from 'zod';
import { RunbookDraft } from '#contracts/runbooks/runbooks.ts';

/** With every default of its head and its inputs; steps are judged when it becomes a version. */
export const draftOf = (draft: z.input<typeof RunbookDraft>): RunbookDraft => RunbookDraft.parse(draft);

/** Stands for what is known when a step runs: `inputs.<name>`, `steps.<id>.<field>`. */
export const from = (path: string): { $from: string } => ({ $from: path });

/** Nothing of it is done in practice, and practice goes on. */
export const notInPractice = { practice: 'skipped' } as const;

/** Another person agrees; a practice by itself has nobody to ask. */
export const anotherAgrees = (title: string, instructions: string): object => ({
  ...{ kind: 'approval', id: 'agree', title, instructions, required: 1, expiresSeconds: 86_400 },
  ...notInPractice,
});
