import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { NewPassword } from '#contracts/identity/passwords.ts';
import type { Sql } from '#domain/database.ts';
import { createOwner, createSetupToken, hasOwner } from '#domain/people/ownership.ts';
import { endDemoUser } from '../demo/demoUser.ts';
import { note, SetupError } from '../progress.ts';

/** Creates the owner whom the environment names, or gives a token for the one-time link; null when there is an owner. */
export async function settleOwner(em: Sql, given: NodeJS.ProcessEnv): Promise<string | null> {
  await endDemoUser(em);
  const named = await ownerFrom(given);
  if (named) {
    const created = await createOwner(em, named.email, named.password).catch((cause: Error) => {
      if (!(cause instanceof DomainError)) throw cause;
      throw new SetupError(`TENANTRY_OWNER_PASSWORD: ${cause.publicMessage}`, { cause });
    });
    if (created) note(`created the owner ${named.email}`);
    return null;
  }
  return (await hasOwner(em)) ? null : createSetupToken(em);
}

/** Reads TENANTRY_OWNER_EMAIL and TENANTRY_OWNER_PASSWORD (or …_FILE); null when no owner is named. */
export async function ownerFrom(given: NodeJS.ProcessEnv): Promise<{ email: string; password: string } | null> {
  const { TENANTRY_OWNER_EMAIL: email, TENANTRY_OWNER_PASSWORD: plain, TENANTRY_OWNER_PASSWORD_FILE: file } = given;
  if (!email && !plain && !file) return null;
  if (!email) throw new SetupError('TENANTRY_OWNER_PASSWORD is set, but TENANTRY_OWNER_EMAIL is missing.');
  const password = plain || (file ? await readPassword(file) : '');
  if (!password) {
    throw new SetupError(
      'TENANTRY_OWNER_EMAIL is set, but TENANTRY_OWNER_PASSWORD (or TENANTRY_OWNER_PASSWORD_FILE) is missing.',
    );
  }
  if (!z.email().max(254).safeParse(email).success) throw new SetupError('TENANTRY_OWNER_EMAIL is no mail address.');
  const checked = NewPassword.safeParse(password);
  if (!checked.success) throw new SetupError(`TENANTRY_OWNER_PASSWORD ${checked.error.issues[0]!.message}.`);
  return { email, password };
}

const readPassword = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    (text) => text.replace(/\r?\n$/, ''),
    (cause: Error) => {
      throw new SetupError(`TENANTRY_OWNER_PASSWORD_FILE cannot be read: ${cause.message}`, { cause });
    },
  );
