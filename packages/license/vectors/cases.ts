import type { Case, Expected, Given } from './expected.ts';
import { shapes, signatures } from './forged.ts';
import { counts, lastUse, revocationLists, whose } from './inItsPlace.ts';
import { dates, time } from './inTime.ts';
import { file } from './issuer.ts';
import { encryption, writing } from './rewritten.ts';

export async function allCases(): Promise<Case[]> {
  const cases: Case[] = [];
  const add = (name: string, text: string, expect: Expected, given: Given = {}, blanks?: number): void => {
    cases.push({ name, text, ...(blanks === undefined ? {} : { blanks }), given, expect });
  };
  const good = await file();
  time(add, good, await file({ onExpiry: 'degrade', graceDays: 0 }), await file({ onExpiry: 'log', graceDays: 0 }));
  await dates(add);
  await whose(add, good);
  await revocationLists(add, good);
  await counts(add);
  await lastUse(add, good);
  await encryption(add);
  writing(add, good);
  await signatures(add, good);
  await shapes(add);
  return cases;
}
