import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import type { Request, Response } from 'express';
import { upgradeHash } from '#domain/people/changePassword.ts';
import { passwordMatches } from '#domain/people/passwords.ts';
import type { Realm } from '#domain/people/realm.ts';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';

/** Whose address it is, for who may know; and whether the password is theirs. */
export interface PasswordCheck {
  userId: string | null;
  isRight: boolean;
  /** What it was compared with: a sign-in by it is good as long as this is still the person's. */
  passwordHash: string | null;
}

/** What the strategy is asked by: among whose people to look. */
interface Asked {
  realm: Realm;
}

/** Which of address and password was wrong shows neither in an answer nor in its time. */
export type CheckPassword = (realm: Realm, credentials: { email: string; password: string }) => Promise<PasswordCheck>;

export function passwordCheck({ registry }: Pick<Platform, 'registry'>): CheckPassword {
  const passport = new Passport();
  passport.use(
    new Strategy(
      { usernameField: 'email', session: false, passReqToCallback: true },
      (request, email, password, done) => {
        check((request as unknown as Asked).realm, email, password).then(
          (checked) => done(null, checked.isRight ? checked : false, checked as never),
          (error: unknown) => done(error),
        );
      },
    ),
  );

  async function check(realm: Realm, email: string, password: string): Promise<PasswordCheck> {
    const em = registry.em.fork();
    const [user] = await rows<{ id: string; password_hash: string }>(em)`
      select id, password_hash from users
      where email = ${realm.indexOf(email)} and tenant_id is not distinct from ${realm.tenantId}::uuid
        and disabled_at is null and activated_at is not null`;
    const isRight = await passwordMatches(user?.password_hash ?? null, password);
    const passwordHash = isRight && user ? await upgradeHash(em, user.id, user.password_hash, password) : null;
    return { userId: user?.id ?? null, isRight, passwordHash };
  }

  return (realm, credentials) =>
    new Promise((resolve, reject) => {
      // Empty fields never reach the strategy's function: its info is then a message.
      const answer = (error: unknown, _user?: unknown, info?: unknown) =>
        error
          ? reject(error as Error)
          : resolve(isCheck(info) ? info : { userId: null, isRight: false, passwordHash: null });
      const authenticate = passport.authenticate('local', { session: false }, answer) as (
        request: Request,
        response: Response,
        next: (error?: unknown) => void,
      ) => void;
      authenticate({ body: credentials, query: {}, realm } as unknown as Request, {} as Response, answer);
    });
}

const isCheck = (info: unknown): info is PasswordCheck =>
  typeof info === 'object' && info !== null && 'isRight' in info;
