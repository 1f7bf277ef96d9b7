import type { ImportField, ImportProblem } from '#contracts/imports/imports.ts';

/** A value of a record, with the column it came from as the file names it. */
export interface Given {
  field: ImportField;
  column: string;
  text: string;
}

/** One record of a file: what it says of a tenant, and what was wrong with it before anybody looked at the values. */
export interface FileRecord {
  /** What it is known by in its file: its line, or in a JSON array its place from 1. */
  number: number;
  /** The line on which it begins. */
  line: number;
  given: Given[];
  problems: ImportProblem[];
}

/** Longer than anything that can be right. */
export const longestRecordChars = 64 * 1024;
