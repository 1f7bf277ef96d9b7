import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** The kinds of resources whose secret can be followed by another one while both work. */
export const rotatedKinds = ['database', 'realm'] as const;
export type RotatedKind = (typeof rotatedKinds)[number];

/**
 * `prepared`: works, and nobody was told of it yet · `current`: the one to use · `ending`: works still, until its end. What was `ended` or
 * `withdrawn` works no more, and its secret is destroyed.
 */
export type WorkingState = 'prepared' | 'current' | 'ending';

export interface Credential {
  /** Null for what the tenant was born with and nobody has rotated. */
  id: string | null;
  /** Of a database which role of the pair, `first` or `second`; of a realm the key's id. */
  slot: string;
  /** Where its secret rests, by {@link recallSecret}. */
  secretName: string;
  state: WorkingState;
  /** When it was made; null for what the tenant was born with. */
  since: string | null;
  endsAt: string | null;
}

export const firstKeyOf = (resourceId: string): string => `${resourceId}-1`;

export const bornWith = (kind: RotatedKind, resourceId: string): Credential => ({
  id: null,
  slot: kind === 'database' ? 'first' : firstKeyOf(resourceId),
  secretName: kind === 'database' ? 'password' : 'signing_key',
  state: 'current',
  since: null,
  endsAt: null,
});

/** Those that are to work now, the one to use first. Whoever makes them so reads this while holding the resource's fence. */
export async function workingCredentials(em: Sql, kind: RotatedKind, resourceId: string): Promise<Credential[]> {
  const found = await rows<Credential>(em)`
    select id, slot, secret_name as "secretName", state, created_at as since, ends_at as "endsAt" from credentials
    where resource_id = ${resourceId} and state in ('prepared', 'current', 'ending')
    order by array_position(array['current', 'prepared', 'ending'], state)`;
  return found.length > 0 ? found : [bornWith(kind, resourceId)];
}

/** The one to use. */
export async function currentCredential(em: Sql, kind: RotatedKind, resourceId: string): Promise<Credential> {
  const [current] = await workingCredentials(em, kind, resourceId);
  if (current?.state !== 'current') throw new Error(`resource ${resourceId} has no current credential`);
  return current;
}

/** Whether it ever had more than what it was born with: then the second role of a database may be there. */
export async function wasRotated(em: Sql, resourceId: string): Promise<boolean> {
  return (await rows(em)`select 1 from credentials where resource_id = ${resourceId} limit 1`).length > 0;
}

/** How a resource may be used now, which a late attempt must not believe to know from before. */
export async function accessOf(em: Sql, resourceId: string): Promise<'open' | 'suspended'> {
  const [found] = await rows<{ access: 'open' | 'suspended' }>(em)`
    select access from resources where id = ${resourceId}`;
  return found?.access ?? 'suspended';
}
