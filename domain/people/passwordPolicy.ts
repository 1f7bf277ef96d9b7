import { DomainError } from '#contracts/errors.ts';

const product = 'tenantry';
const shortestName = 3;
const mustBeLeft = 8;

/** Whose password it is to be: nobody is to be guessed from what others know of them. */
export interface Names {
  email: string;
  name: string | null;
}

/**
 * Refuses (`password_weak`) one of the commonest passwords (ASVS 5.0 6.2.4) and one made of the person's own names or the product's
 * (6.2.11): without them there must be a password left. How long it must be is the contract's.
 */
export async function refuseWeakPassword(password: string, names: Names): Promise<void> {
  const folded = fold(password);
  if ((await commonPasswords()).has(folded))
    throw weak('is one of the passwords that everybody tries first; choose another');
  if ([...withoutNames(folded, names)].length < mustBeLeft)
    throw weak('is made of your name, your e-mail address or the name of this product; choose another');
}

const weak = (message: string): DomainError =>
  new DomainError('password_weak', `The password ${message}.`, { fields: [{ path: 'password', message }] });

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

function withoutNames(folded: string, { email, name }: Names): string {
  const names = [email, name ?? '', product, ...fold(`${email} ${name ?? ''}`).split(/[^\p{L}\p{N}]+/u)]
    .map(fold)
    .filter((one) => one.length >= shortestName)
    .toSorted((a, b) => b.length - a.length);
  return names.reduce((left, one) => left.replaceAll(one, ''), folded);
}

let common: Promise<ReadonlySet<string>> | null = null;

/** zxcvbn-ts' list in the order of how often they were found in leaks: 49,000, the 10,000 commonest among them. Read when first needed. */
const commonPasswords = (): Promise<ReadonlySet<string>> =>
  (common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].map(fold)),
  ));
