import { CompiledQuery, sql } from 'kysely';
import type { Sql } from './database.ts';
import type { Execute } from './resources/fences.ts';

const kyselyOf = (em: Sql) => em.getKysely<Record<string, never>>();

/**
 * One SQL statement in the EntityManager's transaction, values as parameters:
 * ``const [run] = await rows<{ version: number }>(em)`update runs set … where id = ${id} returning version`;``
 *
 * For what must be a single compare-and-set, or what the ORM would say in more words; arrays travel as arrays.
 */
export const rows =
  <Row>(em: Sql) =>
  async (text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]> =>
    (await sql<Row>(text, ...values).execute(kyselyOf(em))).rows;

/** The same for text that was put together elsewhere, with `$1` parameters. */
export const executeOn =
  (em: Sql): Execute =>
  async (text, values) =>
    (await kyselyOf(em).executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values))).rows;

/** jsonb wants text: the driver would send an array as an array of PostgreSQL. */
export const json = (value: unknown): string => JSON.stringify(value);

/** The registry's clock, which all processes share, in RFC 3339 with milliseconds. */
export async function registryTime(em: Sql): Promise<string> {
  const [clock] = await rows<{ now: string }>(em)`select clock_timestamp()::timestamptz(3) as now`;
  return new Date(clock?.now ?? '').toISOString();
}
