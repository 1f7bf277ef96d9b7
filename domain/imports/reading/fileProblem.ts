import type { ImportProblem, ImportProblemCode } from '#contracts/imports/imports.ts';

/** Why nothing more of a file can be read. What was read before it stands. */
export class FileProblem extends Error {
  readonly problem: ImportProblem;

  constructor(code: ImportProblemCode, text: string, column: string | null = null) {
    super(text);
    this.name = 'FileProblem';
    this.problem = { code, column, text };
  }
}
