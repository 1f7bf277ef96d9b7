import { stat } from 'node:fs/promises';

/** Whom a PostgreSQL server runs as: nobody in particular for an ordinary user; root may not run it and lends it another user. */
export interface ServerUser {
  uid?: number;
  gid?: number;
}

/** The user whom a data folder belongs to, where this process may be another one than its own. */
export async function ownerOf(dataDir: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = await stat(dataDir);
  return { uid, gid };
}
