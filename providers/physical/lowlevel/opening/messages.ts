import type { ServerUser } from '../../server/serverUser.ts';

/** A file of what is opened, in the order in which they lie behind one another. */
export interface HeldFile {
  path: string;
  /** Null: everything up to the end. */
  bytes: number | null;
  /** Hexadecimal. */
  sha256: string | null;
}

/** A sealed and packed file of the place, and what its clear bytes have to be. */
export interface Opening {
  key: Buffer;
  /** By which it was sealed. */
  context: string;
  files: readonly HeldFile[];
  /** The folder that the files are written into, and whose they become; null compares them only. */
  into: { folder: string; user: ServerUser } | null;
}

export type ToOpener =
  | { kind: 'open'; id: number; opening: Omit<Opening, 'key'> & { key: Uint8Array } }
  | { kind: 'piece'; id: number; piece: Uint8Array }
  | { kind: 'end'; id: number }
  /** Whoever asked gave up: what was open is closed. */
  | { kind: 'drop'; id: number };

export type FromOpener =
  /** A piece was used up: another one may come. */
  | { kind: 'took'; id: number }
  | { kind: 'passed'; id: number; bytes: number; files: number }
  | { kind: 'done'; id: number }
  | { kind: 'failed'; id: number; isBroken: boolean; message: string; code: string | undefined };

/** It is not what was written: its seal, its packing, or a digest. */
export class BrokenFile extends Error {
  override readonly name = 'BrokenFile';
}
