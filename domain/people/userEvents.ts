import type { ErrorCode } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** A fact about somebody, in the chain of whose person it is. Holds the user's row first, so that the versions of the stream follow each other. */
export async function tellOfUser(
  em: Sql,
  userId: string,
  type: string,
  data: Record<string, unknown>,
  actor: Actor,
): Promise<void> {
  const [held] = await rows<{ tenant_id: string | null }>(em)`
    select tenant_id from users where id = ${userId} for no key update`;
  await appendEvent(em, { stream: `user:${userId}`, type, tenantId: held?.tenant_id ?? null, data }, actor);
}

/** Who turns out to have asked, where nobody was signed in yet. */
export const asUser = (actor: Actor, userId: string): Actor => ({
  userId,
  requestId: actor.requestId,
  ...(actor.portalOf ? { kind: 'member', portalOf: actor.portalOf } : {}),
  originKey: actor.originKey ?? null,
  get origin() {
    return actor.origin ?? null;
  },
});

/** A sign-in that was refused. One stream for all of the platform and of each portal, held by a lock: whether there is such a user must not show in what it costs. */
export async function tellOfRefusal(
  em: Sql,
  { code, userId }: { code: ErrorCode; userId: string | null },
  actor: Actor,
): Promise<void> {
  await em.transactional(async (tx) => {
    const tenantId = actor.portalOf ?? null;
    const stream = tenantId === null ? 'platform:sign-ins' : (`portal:${tenantId}/sign-ins` as const);
    await rows(tx)`select pg_advisory_xact_lock(hashtextextended(${stream}, 0))`;
    const target = userId === null ? {} : { target: { kind: 'user', id: userId } };
    await appendEvent(tx, { stream, type: 'sign_in.refused', tenantId, outcome: 'refused', code, ...target }, actor);
  });
}
