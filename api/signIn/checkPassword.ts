import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import type { Request, Response } from 'express';
import { passwordMatches } from '#domain/people/passwords.ts';
import { User } from '#domain/people/userRecord.ts';
import type { Platform } from '#domain/platform.ts';

/** The id of the user whose password this is, else null; which of the two was wrong shows neither in the answer nor in its time. */
export type CheckPassword = (credentials: { email: string; password: string }) => Promise<string | null>;

export function passwordCheck({ registry }: Pick<Platform, 'registry'>): CheckPassword {
  const passport = new Passport();
  passport.use(
    new Strategy({ usernameField: 'email', session: false }, (email, password, done) => {
      findByPassword(email, password).then(
        (userId) => done(null, userId ?? false),
        (error: unknown) => done(error),
      );
    }),
  );

  async function findByPassword(email: string, password: string): Promise<string | null> {
    const user = await registry.em.fork().findOne(User, { email: email.trim().toLowerCase(), disabledAt: null });
    return (await passwordMatches(user?.passwordHash ?? null, password)) ? (user?.id ?? null) : null;
  }

  return (credentials) =>
    new Promise((resolve, reject) => {
      const answer = (error: unknown, userId?: string | false | null) =>
        error ? reject(error as Error) : resolve(userId || null);
      const check = passport.authenticate('local', { session: false }, answer) as (
        request: Request,
        response: Response,
        next: (error?: unknown) => void,
      ) => void;
      check({ body: credentials, query: {} } as Request, {} as Response, answer);
    });
}
