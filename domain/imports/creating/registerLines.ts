import { DomainError } from '#contracts/errors.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import type { Sql } from '../../database.ts';
import type { LockedRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { registerTenant } from '../../tenants/registerTenant.ts';
import { unsealLine, type ImportRow } from '../importRow.ts';
import { noteProgress } from './settleLines.ts';
import type { Makers } from './takeTurn.ts';

interface Line {
  number: number;
  sealed: Buffer;
  externalId: string | null;
}

interface Registered {
  runIds: string[];
  existing: number;
  failed: number;
}

/**
 * Registers the tenants of the next lines, each with its line in one savepoint of the caller's transaction: a refusal undoes its own
 * tenant only, and no line has a tenant without knowing it.
 */
export async function registerLines(
  makers: Pick<Makers, 'keyring' | 'keys'>,
  em: Sql,
  { run, file, most }: { run: LockedRun; file: ImportRow; most: number },
): Promise<Registered> {
  const lines = await rows<Line>(em)`
    select number, sealed, external_id as "externalId" from import_lines
    where import_id = ${file.id} and state = 'valid' order by number limit ${most}`;
  const registered: Registered = { runIds: [], existing: 0, failed: 0 };
  for (const line of lines) {
    try {
      const outcome = await em.transactional((tx) => registerLine(makers, tx, { run, file, line }));
      if (outcome) registered.runIds.push(outcome);
      else registered.existing += 1;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await fail(em, file.id, line.number, error);
      registered.failed += 1;
    }
  }
  await noteProgress(em, run.id, file.id, { done: registered.existing + registered.failed, failed: registered.failed });
  return registered;
}

/** Returns the run of the new tenant; null where there is one already. */
async function registerLine(
  { keyring, keys }: Pick<Makers, 'keyring' | 'keys'>,
  em: Sql,
  { run, file, line }: { run: LockedRun; file: ImportRow; line: Line },
): Promise<string | null> {
  const there = await tenantOf(em, file, line);
  if (there?.isUnfinished)
    throw new DomainError(
      'resource_conflict',
      'An earlier attempt left something behind. Finish its rollback, then try again.',
    );
  if (there) {
    await rows(em)`
      update import_lines set state = 'existing', tenant_id = ${there.id}, sealed = null, updated_at = now()
      where import_id = ${file.id} and number = ${line.number}`;
    return null;
  }
  const wanted = unsealLine<NewTenant>(keyring, file.id, line.number, line.sealed);
  const { tenantId, slug, runId } = await registerTenant(em, keys, { ...wanted, queue: 'bulk' }, run.actor);
  if (file.options.invitations === 'hold' && wanted.admin)
    await rows(em)`update tenants set invitation_held = true where id = ${tenantId}`;
  await rows(em)`
    insert into import_origins (digest, number, tenant_id) values (${file.digest}, ${line.number}, ${tenantId})
    on conflict (digest, number) do update set tenant_id = excluded.tenant_id`;
  await rows(em)`
    update import_lines set state = 'creating', tenant_id = ${tenantId}, run_id = ${runId}, slug = ${slug}, attempts = attempts + 1,
      reason_code = null, reason = null, updated_at = now()
    where import_id = ${file.id} and number = ${line.number}`;
  return runId;
}

/** The tenant that this line asks for, where there is one: by its external id, or as what became of the same line of the same file. */
async function tenantOf(em: Sql, file: ImportRow, line: Line): Promise<{ id: string; isUnfinished: boolean } | null> {
  // Another import of the same file may be at this line at this moment: one waits for the other.
  await rows(
    em,
  )`select pg_advisory_xact_lock(hashtextextended(${`import ${file.digest?.toString('hex')} ${line.number}`}, 0))`;
  const [found] = await rows<{ id: string; isUnfinished: boolean }>(em)`
    select t.id, t.state = 'provisioning' and t.attention as "isUnfinished" from tenants t
    where t.state not in ('erased', 'rolled_back') and (
      (${line.externalId}::text is not null and t.external_id = ${line.externalId}::text)
      or t.id = (select tenant_id from import_origins where digest = ${file.digest} and number = ${line.number}))
    limit 1`;
  return found ?? null;
}

const fail = (em: Sql, importId: string, number: number, { code, publicMessage }: DomainError): Promise<unknown> =>
  rows(em)`
    update import_lines set state = 'failed', reason_code = ${code}, reason = ${publicMessage}, attempts = attempts + 1, updated_at = now()
    where import_id = ${importId} and number = ${number}`;
