import { DomainError } from '#contracts/errors.ts';
import type { Finding, RunbookCheck, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { json, rows } from '../../sql.ts';
import { whoMayDecide } from '../../approvals/whoMayDecide.ts';
import { checkRunbook, type CheckedRunbook } from '../checking/checkRunbook.ts';
import { checkSql } from '../checking/checkSql.ts';
import { digestOf } from '../digests.ts';

/** Everything that is wrong with it here: also what only the registry knows. */
export async function judge(em: Sql, given: unknown): Promise<CheckedRunbook> {
  const checked = checkRunbook(given, { stores: await storesOf(em), approvers: (await whoMayDecide(em, null)).size });
  if (!checked.definition) return checked;
  const findings = [...checked.findings, ...(await checkSql(em, checked.definition))];
  return { definition: isWrong(findings) ? null : checked.definition, findings };
}

export async function checkHere(em: Sql, given: unknown): Promise<RunbookCheck> {
  const { definition, findings } = await judge(em, given);
  return { valid: definition !== null, findings };
}

const isWrong = (findings: Finding[]): boolean => findings.some(({ severity }) => severity === 'error');

/** What SQL checks may be asked of, beside the registry. */
export async function storesOf(em: Sql): Promise<string[]> {
  const found = await rows<{ name: string }>(em)`select database_name as name from data_stores order by 1`;
  return found.map(({ name }) => name);
}

/**
 * Writes the version that follows `baseVersion`, or the first when that is 0. Refuses with `runbook_invalid` (every finding at once),
 * `not_found`, `runbook_changed` when another version followed already.
 */
export async function createVersion(
  em: Sql,
  {
    name,
    baseVersion,
    note,
    definition: given,
  }: { name: string; baseVersion: number; note: string; definition: unknown },
  actor: Actor,
): Promise<number> {
  const [latest] = await rows<{ version: number; last: number }>(em)`
    select version, (select max(version) from runbook_versions where name = ${name}) as last
    from runbook_versions where name = ${name} and not waits order by version desc limit 1`;
  if (!latest && baseVersion > 0) throw new DomainError('not_found', `There is no runbook "${name}".`);
  if (latest && latest.version !== baseVersion) throw changed(name, latest.version);
  const { definition, findings } = await judge(em, given);
  if (!definition)
    throw new DomainError('runbook_invalid', 'Nothing could be run by this.', {
      fields: findings.filter(({ severity }) => severity === 'error').map(({ path, message }) => ({ path, message })),
    });
  // What waits has a number of its own; whatever is written after it was written by somebody who could see it.
  const version = (latest?.last ?? 0) + 1;
  return writeVersion(em, { name, version, definition, note, origin: 'written' }, actor);
}

/** Refuses with `runbook_changed` when there is one of this number by now. */
export async function writeVersion(
  em: Sql,
  made: {
    name: string;
    version: number;
    definition: RunbookDefinition;
    note: string;
    origin: 'shipped' | 'written';
    /** It is there to be read and compared, and is not the latest until somebody writes the next one by it. */
    waits?: boolean;
  },
  actor: Actor,
): Promise<number> {
  const { name, version, definition, note, origin, waits = false } = made;
  const written = await rows(em)`
    insert into runbook_versions (name, version, definition, digest, origin, note, created_by, waits)
    values (${name}, ${version}, ${json(definition)}::jsonb, ${digestOf(definition)}, ${origin}, ${note}, ${actor.userId}::uuid, ${waits})
    on conflict do nothing returning version`;
  if (written.length === 0) throw changed(name, version);
  // Monthly, unless somebody chooses: the first comes in a month, and is missed a week later.
  await rows(em)`
    insert into runbook_practice (runbook, next_at, stale_at) values (${name}, now() + interval '30 days', now() + interval '37 days')
    on conflict do nothing`;
  await appendEvent(
    em,
    {
      stream: `runbook:${name}`,
      type: 'runbook.version_created',
      tenantId: null,
      data: { name, version, origin, waits },
    },
    actor,
  );
  return version;
}

const changed = (name: string, version: number): DomainError =>
  new DomainError('runbook_changed', `The runbook "${name}" is at version ${version} meanwhile.`, {
    fields: [{ path: 'baseVersion', message: `is not the latest: that is ${version}` }],
  });
