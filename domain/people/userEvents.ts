import type { ErrorCode } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** A fact about somebody. Holds the user's row first, so that the versions of the stream follow each other. */
export async function tellOfUser(
  em: Sql,
  userId: string,
  type: string,
  data: Record<string, unknown>,
  actor: Actor,
): Promise<void> {
  await rows(em)`select 1 from users where id = ${userId} for no key update`;
  await appendEvent(em, { stream: `user:${userId}`, type, tenantId: null, data }, actor);
}

/** Who turns out to have asked, where nobody was signed in yet. */
export const asUser = (actor: Actor, userId: string): Actor => ({
  userId,
  requestId: actor.requestId,
  get origin() {
    return actor.origin ?? null;
  },
});

/** A sign-in that was refused. One stream for all, held by a lock: whether there is such a user must not show in what it costs. */
export async function tellOfRefusal(
  em: Sql,
  { code, userId }: { code: ErrorCode; userId: string | null },
  actor: Actor,
): Promise<void> {
  await em.transactional(async (tx) => {
    await rows(tx)`select pg_advisory_xact_lock(hashtextextended('platform:sign-ins', 0))`;
    const target = userId === null ? {} : { target: { kind: 'user', id: userId } };
    await appendEvent(
      tx,
      { stream: 'platform:sign-ins', type: 'sign_in.refused', tenantId: null, outcome: 'refused', code, ...target },
      actor,
    );
  });
}
