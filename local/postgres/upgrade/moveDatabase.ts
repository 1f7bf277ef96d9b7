import pg from 'pg';
import { statementsOf } from '#providers/database/migrations/statements.ts';
import { progress, SetupError } from '../../progress.ts';
import { compareDatabase } from './compareDatabase.ts';
import { dumpSchema } from './dumpSchema.ts';
import { moveRows } from './rows.ts';
import type { LentServer } from './bothServers.ts';

/**
 * A mark that servers of late 2026 keep among a column's options (`pg_attver`). It is theirs alone: one that does not know it refuses it, and one
 * that does sets its own.
 */
const ownMark = /(\bSET \()([^()]*\b)?pg_attver=\d+(?:, )?([^()]*\))$/;

/** What pg_dump tells psql where the database is left for the one that was just made; a name with signs has a line more. */
const reconnect = /(?:^\\encoding .*\n)?^\\connect .*$/m;

/** Whom one connects to while a database is made anew. */
const otherThan = (name: string): string => (name === 'postgres' ? 'template1' : 'postgres');

/**
 * Makes one database in the new cluster what it is in the old one: first what it is made of, then its rows, then keys, indexes, triggers and rules.
 * What is there already by this name is removed. Returns how many rows it has.
 *
 * @throws SetupError when the two are not alike afterwards
 */
export async function moveDatabase(
  name: string,
  { source, target, dump, signal }: { source: LentServer; target: LentServer; dump: string; signal: AbortSignal },
): Promise<number> {
  const pair = { source: source.to(name), target: target.to(name) };
  await progress(`database ${name}: making its objects`, async () => {
    const text = await dumpSchema(dump, pair.source, ['--create', '--section=pre-data']);
    const [making = '', ...rest] = text.split(reconnect);
    await withOne(target.to(otherThan(name)), async (client) => {
      const { rows } = await client.query('select from pg_database where datname = $1', [name]);
      if (rows.length > 0) {
        await client.query(`alter database ${pg.escapeIdentifier(name)} is_template false`);
        await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
      }
      await runAll(client, making);
    });
    // Settings of a database hold for who connects after they are made: pg_dump connects again, and so is done here.
    for (const part of rest) await withOne(pair.target, (client) => runAll(client, part));
  });
  const rows = await progress(`database ${name}: moving its rows`, () => moveRows(pair, signal));
  await progress(`database ${name}: keys, indexes and triggers`, async () => {
    const text = await dumpSchema(dump, pair.source, ['--section=post-data']);
    await withOne(pair.target, async (client) => {
      await client.query(`set maintenance_work_mem = '256MB'`);
      await runAll(client, text);
      await client.query('reset search_path; analyze');
    });
  });
  await progress(`database ${name}: comparing`, () => compareDatabase(name, pair, signal));
  // Commits were not waited for: from here on they are on the disk.
  await withOne(pair.target, (client) => client.query('checkpoint'));
  return rows;
}

async function runAll(client: pg.Client, sql: string): Promise<void> {
  await client.query('set synchronous_commit = off');
  for (const { text } of statementsOf(sql)) {
    const statement = withoutMark(text);
    if (statement === null) continue;
    await client.query(statement).catch((cause: Error) => {
      throw new SetupError(`The new PostgreSQL refuses a statement: ${cause.message}\n  ${statement.slice(0, 300)}`, {
        cause,
      });
    });
  }
}

/** Null when nothing is left of the statement. */
export function withoutMark(statement: string): string | null {
  if (!statement.startsWith('ALTER TABLE ONLY ')) return statement;
  const match = ownMark.exec(statement);
  if (!match) return statement;
  const [whole, set = '', before = '', after = ''] = match;
  const options = `${before}${after}`.replace(/, \)$/, ')');
  return options === ')' ? null : `${statement.slice(0, -whole.length)}${set}${options}`;
}

async function withOne<Result>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // told by what is asked next
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
