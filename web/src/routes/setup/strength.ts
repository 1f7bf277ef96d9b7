/** How hard a password is to guess, for a hint only: the API decides what it takes (8–128 characters, NIST SP 800-63B). */
export interface Strength {
  /** 0 nothing typed, 1 too short, 2 weak, 3 fair, 4 strong. */
  level: 0 | 1 | 2 | 3 | 4;
  title: string;
}

const wellKnown = /password|passwort|qwert|asdf|letmein|welcome|admin|tenantry|iloveyou|monkey|dragon|abc|123/gi;

/** Runs (`aaaa`, `1234`) and what everybody tries first count as one character. */
const surprises = (password: string, ownWords: string[]): number => {
  let rest = password;
  for (const word of ownWords) if (word.length > 2) rest = rest.toLowerCase().replaceAll(word.toLowerCase(), '*');
  const characters = [...rest.replace(wellKnown, '*')];
  return characters.filter((character, index) => {
    const step = character.codePointAt(0)! - (characters[index - 1]?.codePointAt(0) ?? -9);
    return Math.abs(step) > 1;
  }).length;
};

export function strengthOf(password: string, email: string): Strength {
  const length = [...password].length;
  if (length === 0) return { level: 0, title: '' };
  if (length < 8) return { level: 1, title: `Too short: ${8 - length} more` };
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  const score = surprises(password, email.split(/[@.+_-]/)) + kinds * 1.5;
  if (score < 12) return { level: 2, title: 'Weak: easy to guess' };
  if (score < 17) return { level: 3, title: 'Fair: longer is stronger' };
  return { level: 4, title: 'Strong' };
}
