import { hash, verify } from '@node-rs/argon2';
import { DomainError } from '#contracts/errors.ts';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { algorithm: 2 /* argon2id */, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashing uses libuv's four threads: two at once leave the others to files and DNS; a queue longer than this is an attack. */
const atOnce = 2;
const longestQueue = 100;
let busy = 0;
const queue: (() => void)[] = [];

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (busy >= atOnce) {
    if (queue.length >= longestQueue)
      throw new DomainError('too_many_attempts', 'Too many sign-ins at once. Try again in a moment.');
    await new Promise<void>((resume) => queue.push(resume));
  }
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
    queue.shift()?.();
  }
}

export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(password.normalize('NFKC'), cost));

let decoy: Promise<string> | null = null;

/** With no user, the same work is done against a decoy, so that the time tells nothing. */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword('a password that nobody has');
  const against = passwordHash ?? (await decoy);
  const matches = await inTurn(() => verify(against, password.normalize('NFKC')));
  return passwordHash !== null && matches;
}
