import type { Sql } from '../database.ts';
import type { Announcer } from '../events/announcer.ts';
import { rows } from '../sql.ts';

/**
 * Belongs into every transaction that gives somebody a role or takes something away (a session, a key, a role, a person): what
 * processes remember of who may do what is older than this number, and they look at it twice a second. Afterwards call
 * {@link announceAccess}.
 */
export async function bumpAccessEpoch(em: Sql): Promise<number> {
  const [row] = await rows<{ epoch: string }>(em)`update access_epoch set epoch = epoch + 1 returning epoch`;
  return Number(row?.epoch);
}

export async function readAccessEpoch(em: Sql): Promise<number> {
  const [row] = await rows<{ epoch: string }>(em)`select epoch from access_epoch`;
  return Number(row?.epoch);
}

/** After the commit: the other processes need not wait for their next look. */
export const announceAccess = (announcer: Announcer, epoch: number): void =>
  announcer.announce('access', 'epoch', epoch);
