/** What a script may rely on. */
export const exitCodes = {
  /** Done, and nothing is wrong. */
  fine: 0,
  /** Something is wrong, and it was said what: the audit was tampered with, the doctor found something. */
  found: 1,
  /** The command was not understood. */
  usage: 2,
  /** It could not be done or found out: a file, a server or a bucket is out of reach. */
  unable: 3,
  /** It stands still where a person must tell something, and goes on by the same command. */
  waits: 4,
} as const;

/** Ends the command with a text for people and nothing else. */
export class Unable extends Error {}
