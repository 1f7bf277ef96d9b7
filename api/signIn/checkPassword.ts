import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import type { Request, Response } from 'express';
import { upgradeHash } from '#domain/people/changePassword.ts';
import { passwordMatches } from '#domain/people/passwords.ts';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import { accountOf } from './browser.ts';

/** Whose address it is, for who may know; and whether the password is theirs. */
export interface PasswordCheck {
  userId: string | null;
  isRight: boolean;
  /** What it was compared with: a sign-in by it is good as long as this is still the person's. */
  passwordHash: string | null;
}

/** Which of address and password was wrong shows neither in an answer nor in its time. */
export type CheckPassword = (credentials: { email: string; password: string }) => Promise<PasswordCheck>;

export function passwordCheck({ registry }: Pick<Platform, 'registry'>): CheckPassword {
  const passport = new Passport();
  passport.use(
    new Strategy({ usernameField: 'email', session: false }, (email, password, done) => {
      check(email, password).then(
        (checked) => done(null, checked.isRight ? checked : false, checked as never),
        (error: unknown) => done(error),
      );
    }),
  );

  async function check(email: string, password: string): Promise<PasswordCheck> {
    const em = registry.em.fork();
    const [user] = await rows<{ id: string; password_hash: string }>(em)`
      select id, password_hash from users
      where email = ${accountOf(email)} and disabled_at is null and activated_at is not null`;
    const isRight = await passwordMatches(user?.password_hash ?? null, password);
    const passwordHash = isRight && user ? await upgradeHash(em, user.id, user.password_hash, password) : null;
    return { userId: user?.id ?? null, isRight, passwordHash };
  }

  return (credentials) =>
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
      authenticate({ body: credentials, query: {} } as Request, {} as Response, answer);
    });
}

const isCheck = (info: unknown): info is PasswordCheck =>
  typeof info === 'object' && info !== null && 'isRight' in info;
