import pg from 'pg';
import { loginRolesOf } from '#domain/resources/names.ts';
import { roleTag, setAccess, settleRole, type Tagged } from './schema.ts';

const ident = pg.escapeIdentifier;

export type Slot = 'first' | 'second';

/** Which of a tenant's pair of roles are to log in, and by what: null for one that is not to. */
export type Passwords = Record<Slot, string | null>;

/**
 * Brings a tenant's pair of login roles to what is wanted, in the caller's transaction. The first owns the tenant's rights, whether it may
 * log in or not; the second is made when it is needed for the first time, and its sessions act as the first from their beginning.
 */
export async function settleLogins(
  client: pg.ClientBase,
  of: {
    schema: string;
    database: string;
    /** Who creates those that are not there. */
    maker: string;
    tag: string;
    access: 'open' | 'suspended';
    passwords: Passwords;
    mayBeSettled(found: Tagged): boolean;
    refuse(name: string): Error;
  },
): Promise<void> {
  const [first, second] = loginRolesOf(of.schema);
  for (const [slot, name] of [
    ['first', first],
    ['second', second],
  ] as const) {
    const [role, password] = [await roleTag(client, name), of.passwords[slot]];
    if (role && !of.mayBeSettled(role)) throw of.refuse(name);
    if (slot === 'second' && !role && password === null) continue;
    const tagged = role && role.tag !== null;
    const { schema, tag, database, maker } = of;
    await settleRole(client, { name, schema, password, tag, database, tagged, maker });
    if (slot === 'second') await actAs(client, second, first, of.database);
    await setAccess(client, name, password === null ? 'suspended' : of.access);
  }
}

/** Neither of the pair may log in, whatever is known of their passwords: nothing that is lost may keep a tenant from being closed. */
export async function closeLogins(
  client: pg.ClientBase,
  of: { schema: string; mayBeSettled(found: Tagged): boolean; refuse(name: string): Error },
): Promise<void> {
  for (const name of loginRolesOf(of.schema)) {
    const role = await roleTag(client, name);
    if (!role) continue;
    if (!of.mayBeSettled(role)) throw of.refuse(name);
    await setAccess(client, name, 'suspended');
  }
}

/** With the first role's rights and no others; from the login on, so that what it makes belongs to the first. */
async function actAs(client: pg.ClientBase, second: string, first: string, database: string): Promise<void> {
  await client.query(`grant ${ident(first)} to ${ident(second)} with admin false, inherit true, set true`);
  await client.query(`alter role ${ident(second)} in database ${ident(database)} set role = ${ident(first)}`);
}
