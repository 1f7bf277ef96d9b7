import type { FiledExecution } from '#domain/runbooks/filed/filedExecution.ts';
import { Unable } from '../exitCodes.ts';
import { heardOf, valueOf, wordsFor, type Answer, type Ask } from './people.ts';

/** `--decide <step>=<word>[,<who>[,<why>]]`. Each is heard once. */
export interface Told extends Answer {
  key: string;
}

/** Throws {@link Unable} where it is none. */
export function readTold(given: readonly string[], starter: string): Told[] {
  return given.map((text) => {
    const [, key, word, by, note] = /^([a-z][a-z0-9-]*)=([a-z]+)(?:,([^,]*)(?:,(.*))?)?$/s.exec(text) ?? [];
    if (key === undefined || word === undefined)
      throw new Unable(`"${text}" is no decision: it is written <step>=<word>,<who>,<why>.`);
    return { key, word, by: by?.trim() || starter, note: note?.trim() ?? '' };
  });
}

/** `--answer <step>.<field>=<value>` of manual steps. Throws {@link Unable}. */
export function readAnswers(given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((text) => {
      const [, name, value] = /^([a-z][a-z0-9-]*\.[^=]+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new Unable(`"${text}" is no answer: it is written <step>.<field>=<value>.`);
      return [name, value];
    }),
  );
}

/** What was told beforehand; who else is asked follows. */
export function askFlags(told: Told[], answers: Map<string, string>, otherwise: Ask | null): Ask {
  return async (execution, step, signal) => {
    const words = wordsFor(execution, step);
    const at = told.findIndex(({ key, word }) => key === step.key && words.includes(word));
    if (at < 0) return otherwise ? otherwise(execution, step, signal) : null;
    const [one] = told.splice(at, 1);
    return heardOf(one!, answersTo(execution, step.key, answers));
  };
}

function answersTo(execution: FiledExecution, key: string, answers: Map<string, string>): Record<string, unknown> {
  const leaf = execution.leafOf(key);
  const asks = leaf.kind === 'manual' ? leaf.asks : [];
  return Object.fromEntries(
    asks.flatMap(({ name, type }) => {
      const value = answers.get(`${key}.${name}`);
      return value === undefined ? [] : [[name, valueOf(value, type)]];
    }),
  );
}
