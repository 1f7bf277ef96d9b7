import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { statementsOf } from './statements.ts';

/** An index that is made or dropped while others read and write: what a file that says `no-transaction` may do. */
export interface IndexChange {
  verb: 'create' | 'drop';
  /** As PostgreSQL keeps it: folded to lower case unless it was quoted. */
  index: string;
  text: string;
}

/** One numbered `.sql` file that every tenant gets. */
export interface TenantMigration {
  number: number;
  name: string;
  checksum: string;
  sql: string;
  /** Null where whoever applies it decides. */
  lockTimeoutMs: number | null;
  statementTimeoutMs: number | null;
  /** What it does outside of a transaction, one after the other; null for all other files. */
  indexChanges: IndexChange[] | null;
}

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const units = { ms: 1, s: 1_000, min: 60_000 } as const;
const directive = /^--\s*tenantry:\s*(.*?)\s*$/;
const timeout = /^(lock_timeout|statement_timeout)\s*=?\s*(\d{1,7})\s*(ms|s|min)$/;
const longestMs = { lock_timeout: 60_000, statement_timeout: 3_600_000 };

const name = String.raw`(?:"(?:[^"]|"")+"|[A-Z_\u0080-\uffff][\w$\u0080-\uffff]*)`;
const createIndex = new RegExp(
  String.raw`^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?(?!ON )(${name}) ON `,
);
const dropIndex = new RegExp(String.raw`^DROP INDEX CONCURRENTLY (?:IF EXISTS )?(${name})$`);
/** First words that end or begin transactions. `END` and `ABORT` are spellings of two of them. */
const transactionWords = /^(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END|ABORT|PREPARE TRANSACTION)\b/;

/**
 * Reads a folder of `0001_what_it_does.sql`. Refuses gaps, repeated numbers, names and directives it does not know
 * (`migration_failed`), before any tenant is touched.
 */
export async function readTenantMigrations(folder: string): Promise<TenantMigration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const parts = fileName.exec(file);
      if (!parts || Number(parts[1]) !== index + 1)
        throw refused(
          `Tenant migrations are numbered 0001, 0002, … without gaps, as 0001_what_it_does.sql; "${file}" does not fit.`,
        );
      return migrationOf(index + 1, file.slice(0, -4), await readFile(join(folder, file), 'utf8'));
    }),
  );
}

/** A file as it is carried out. Line ends do not count: a checkout may change them. */
export function migrationOf(number: number, title: string, sql: string): TenantMigration {
  if (sql.includes('\0') || sql.includes('\ufffd')) throw refused(`The tenant migration ${title} is not UTF-8 text.`);
  const said = directivesOf(title, sql.replace(/^\ufeff/, ''));
  const text = sql.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  return {
    number,
    name: title,
    checksum: createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex'),
    sql: text,
    lockTimeoutMs: said.lock_timeout,
    statementTimeoutMs: said.statement_timeout,
    indexChanges: said.noTransaction ? indexChangesOf(title, text) : null,
  };
}

/** Refuses (`migration_failed`) files that end the transaction they run in: known from the text, before any tenant has half of one. */
export function refuseTransactionsIn({ name: title, sql, indexChanges }: TenantMigration): void {
  if (indexChanges === null && statementsOf(sql).some(({ shape }) => endsTransaction(shape)))
    throw refused(`The tenant migration ${title} ends the transaction it runs in. Leave out COMMIT and ROLLBACK.`);
}

const endsTransaction = (shape: string): boolean =>
  transactionWords.test(shape) && !/^ROLLBACK (?:(?:WORK|TRANSACTION) )?TO /.test(shape);

interface Said {
  noTransaction: boolean;
  lock_timeout: number | null;
  statement_timeout: number | null;
}

/** `-- tenantry: lock_timeout 5s` and the like, in the comment lines at the top of the file. */
function directivesOf(title: string, sql: string): Said {
  const said: Said = { noTransaction: false, lock_timeout: null, statement_timeout: null };
  for (const line of sql.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('--')) break;
    const words = directive.exec(trimmed)?.[1];
    if (words === undefined) continue;
    if (words === 'no-transaction') {
      said.noTransaction = true;
      continue;
    }
    const [, which, amount, unit] = timeout.exec(words) ?? [];
    const milliseconds = Number(amount) * units[unit as keyof typeof units];
    if (!which || !(milliseconds >= 1 && milliseconds <= longestMs[which as keyof typeof longestMs]))
      throw refused(
        `The tenant migration ${title} says "-- tenantry: ${words.slice(0, 80)}". It may say no-transaction, ` +
          `lock_timeout of at most 60s, and statement_timeout of at most 60min.`,
      );
    said[which as keyof typeof longestMs] = milliseconds;
  }
  return said;
}

function indexChangesOf(title: string, sql: string): IndexChange[] {
  return statementsOf(sql).map(({ text, shape }) => {
    const [created, dropped] = [createIndex.exec(shape)?.[1], dropIndex.exec(shape)?.[1]];
    const given = created ?? dropped;
    if (given === undefined)
      throw refused(
        `The tenant migration ${title} says no-transaction, so it may only CREATE INDEX CONCURRENTLY with a name and DROP INDEX ` +
          `CONCURRENTLY: what else would be left half done could not be told from what was done.`,
      );
    const index = given.startsWith('"') ? given.slice(1, -1).replaceAll('""', '"') : given.toLowerCase();
    return { verb: created === undefined ? 'drop' : 'create', index, text };
  });
}

const refused = (why: string): DomainError => new DomainError('migration_failed', why);

/** The same changes for a schema that nobody uses yet: plain, and so within the transaction that makes it. */
export const plainSqlOf = ({ sql, indexChanges }: TenantMigration): string =>
  indexChanges === null
    ? sql
    : indexChanges.map(({ text }) => text.replace(/\b(index\s+)concurrently\s+/i, '$1')).join(';\n');

/** What a list of migrations is known by: whoever was shown it, and whoever applies it, mean the same. */
export const digestOf = (migrations: { number: number; name: string; checksum: string }[]): string =>
  createHash('sha256')
    .update(migrations.map(({ number, name: title, checksum }) => `${number} ${title} ${checksum}\n`).join(''))
    .digest('hex');
