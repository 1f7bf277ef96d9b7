import { hash, hashRaw, verify } from '@node-rs/argon2';
import { DomainError } from '#contracts/errors.ts';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { algorithm: 2 /* argon2id */, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const costAsWritten = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

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

/** The same cost over something shorter, with a salt that several of them share. */
export const hashWithSalt = (text: string, salt: Buffer): Promise<Buffer> =>
  inTurn(() => hashRaw(text, { ...cost, salt }));

let decoy: Promise<string> | null = null;

/** With no user, or one without a password, the same work is done against a decoy, so that the time tells nothing. */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword('a password that nobody has');
  const known = passwordHash?.startsWith('$argon2') ? passwordHash : null;
  const against = known ?? (await decoy);
  const matches = await inTurn(() => verify(against, password.normalize('NFKC')));
  return known !== null && matches;
}

/** Made when less was asked for: it is made again at the next sign-in, when the password is at hand. */
export const isOutdated = (passwordHash: string): boolean => !passwordHash.startsWith(costAsWritten);
