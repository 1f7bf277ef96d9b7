import { randomUUID } from 'node:crypto';
import type { Scope } from '#contracts/permissions.ts';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { idOfScope } from '#domain/access/loadGrants.ts';
import { startSession } from '#domain/people/sessions.ts';
import { rows } from '#domain/sql.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

export interface TestPerson {
  userId: string;
  /** The cookie pair of a session. */
  cookie: string;
}

const everywhere: Scope = { kind: 'platform' };

/** Somebody with these roles, signed in; as rows, so that no rule of inviting stands in the way. */
export async function personWith(
  { em }: Pick<TestInstallation, 'em'>,
  roles: { role: string; scope?: Scope }[],
  email = `${randomUUID()}@example.org`,
): Promise<TestPerson> {
  const userId = randomUUID();
  await rows(em)`insert into users (id, email, password_hash) values (${userId}, ${email}, '')`;
  for (const { role, scope = everywhere } of roles)
    await rows(em)`
      insert into role_assignments (user_id, role, scope_kind, scope_id)
      values (${userId}, ${role}, ${scope.kind}, ${idOfScope(scope)})`;
  await bumpAccessEpoch(em);
  return { userId, cookie: `tenantry=${(await startSession(em, userId)).token}` };
}
