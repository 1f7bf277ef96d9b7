import { sql } from 'kysely';
import type { Sql } from './database.ts';

/**
 * One SQL statement in the EntityManager's transaction, values as parameters:
 * ``const [run] = await rows<{ version: number }>(em)`update runs set … where id = ${id} returning version`;``
 *
 * For what must be a single compare-and-set, or what the ORM would say in more words; arrays travel as arrays.
 */
export const rows =
  <Row>(em: Sql) =>
  async (text: TemplateStringsArray, ...values: unknown[]): Promise<Row[]> =>
    (await sql<Row>(text, ...values).execute(em.getKysely<Record<string, never>>() as never)).rows;

/** jsonb wants text: the driver would send an array as an array of PostgreSQL. */
export const json = (value: unknown): string => JSON.stringify(value);
