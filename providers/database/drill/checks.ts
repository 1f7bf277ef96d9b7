import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';

/** A question whose rows are what is wrong, or, called `smoke.sql`, statements that only have to work. */
export interface DrillCheck {
  name: string;
  sql: string;
}

export interface CheckResult {
  name: string;
  holds: boolean;
  /** How many rows are wrong; null where it could not be asked. */
  wrongRows: number | null;
  /** PostgreSQL's code where it could not be asked. Never what a row says. */
  code: string | null;
  ms: number;
}

const smokeFile = 'smoke.sql';
const checkMs = 60_000;

/** Beside the tenant migrations, in a folder of its own; a product without one asks nothing. By name, the smoke check first. */
export async function readDrillChecks(migrationsDir: string): Promise<DrillCheck[]> {
  const folder = join(migrationsDir, 'checks');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    files
      .toSorted((one, other) => Number(other === smokeFile) - Number(one === smokeFile))
      .map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })),
  );
}

/**
 * Asks them one after the other as the owner of the room, each in a transaction that is taken back. One that does not hold, or cannot be asked, keeps none of the
 * others from being asked.
 */
export async function askChecks(
  client: pg.Client,
  schema: string,
  checks: readonly DrillCheck[],
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, sql } of checks) {
    const isSmoke = name === smokeFile;
    const began = performance.now();
    await client.query(
      `begin ${isSmoke ? '' : 'read only'}; set local statement_timeout = ${checkMs}; set local search_path = ${pg.escapeIdentifier(schema)}`,
    );
    let [wrongRows, code]: [number | null, string | null] = [null, null];
    try {
      // By the extended protocol a question is one statement, whatever its text says.
      const asked = isSmoke
        ? await client.query(sql)
        : await client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig);
      wrongRows = isSmoke || Array.isArray(asked) ? 0 : asked.rows.length;
    } catch (error) {
      code = (error as pg.DatabaseError).code ?? null;
      if (code === null || /^(?:08|53|57)/.test(code)) throw error; // PostgreSQL went away; the check says nothing
    }
    await client.query('rollback; reset all');
    results.push({ name, holds: wrongRows === 0, wrongRows, code, ms: Math.round(performance.now() - began) });
  }
  return results;
}

/** @throws `drill_failed` naming those that do not hold */
export function refuseUnlessAllHold(results: readonly CheckResult[]): void {
  const wrong = results.filter(({ holds }) => !holds);
  if (wrong.length === 0) return;
  const told = wrong.map(({ name, wrongRows, code }) =>
    wrongRows === null ? `${name} could not be asked (${code})` : `${name} found ${wrongRows} wrong rows`,
  );
  throw new DomainError('drill_failed', `What came back does not hold: ${told.join(' · ')}.`);
}
