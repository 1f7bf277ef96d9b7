import { randomBytes } from 'node:crypto';
import type { Finding, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { isHolding, type RunbookStep } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import { executeOn, rows } from '../../sql.ts';
import { finding } from './findings.ts';
import { unreadableIn } from './readable.ts';

/** What the registry itself says of the statements that are asked of it: they are prepared, in a transaction that reads, and not carried out. */
export async function checkSql(em: Sql, { steps }: RunbookDefinition): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { query, path } of queriesIn(steps, 'steps')) {
    const { refused, unreadable } = await prepared(em, query);
    if (refused) findings.push(finding('sql_invalid', `${path}.query`, refused));
    if (unreadable) findings.push(finding('sql_unreadable', `${path}.query`, unreadable));
  }
  return findings;
}

const queriesIn = (steps: readonly RunbookStep[], at: string): { query: string; path: string }[] =>
  steps.flatMap((step, index) => {
    const path = `${at}.${index}`;
    if (isHolding(step)) return queriesIn(step.steps, `${path}.steps`);
    return step.kind === 'sql' && step.on === 'registry' ? [{ query: step.query, path }] : [];
  });

async function prepared(em: Sql, query: string): Promise<{ refused?: string; unreadable?: string | null }> {
  const name = `check_${randomBytes(6).toString('hex')}`;
  try {
    return await em.fork().transactional(async (tx) => {
      await rows(tx)`set transaction read only`;
      await rows(tx)`set local statement_timeout = '2s'`;
      const statement = query.trim().replace(/;\s*$/, '');
      await executeOn(tx)(`prepare ${name} as ${statement}`, []);
      // What it reads does not hang on what is asked for: the plan for any values tells.
      await rows(tx)`set local plan_cache_mode = force_generic_plan`;
      const [known] = await rows<{ count: number }>(tx)`
        select cardinality(parameter_types) as count from pg_prepared_statements where name = ${name}`;
      const values = Array<string>(known?.count ?? 0).fill('null');
      const given = values.length > 0 ? `(${values.join(', ')})` : '';
      const plan = /^show\b/i.test(statement)
        ? []
        : await executeOn(tx)(`explain (verbose, format json) execute ${name}${given}`, []);
      await executeOn(tx)(`deallocate ${name}`, []);
      return { unreadable: plan[0] ? unreadableIn(plan[0]['QUERY PLAN'], 'registry') : null };
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // What is no word of the server about the statement is an outage, and no finding.
    if (typeof code !== 'string' || !/^(?:42|22|25|0A)/.test(code)) throw error;
    return { refused: `is refused by the registry: ${message.split('\n').at(-1)}`.slice(0, 300) };
  }
}
