import { DomainError } from '#contracts/errors.ts';
import { restoreWayBackDays, type RestorePlan, type RestoreQuestion } from '#contracts/backups/restores.ts';
import { listKeys } from '../../audit/signingKeys.ts';
import { KeyBook } from '../../audit/statements.ts';
import type { Sql } from '../../database.ts';
import { refuseWhileOffboarding } from '../../offboarding/offboardingRow.ts';
import type { Place } from '../../places/place.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';
import { parsedLines } from '../format/jsonLines.ts';
import { openBackup, readPart, type OpenBackup } from '../format/readBackup.ts';
import { HeldPerson } from '../people/heldPeople.ts';
import { restorableBackup } from './restorableBackup.ts';
import { bySource } from './restoreRow.ts';

const mostPeople = 500;

/**
 * What a restore would do, from the backup's own manifest and index; writes nothing. What would refuse it now is told as problems. Refuses with `not_found`,
 * `backup_not_found`, `backup_damaged`, and as opening the backup does.
 */
export async function planRestore(
  em: Sql,
  { keys, place }: { keys: TenantKeys; place: Place },
  tenantId: string,
  { backupId, mode, only }: RestoreQuestion,
): Promise<RestorePlan> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const row = await em.transactional((tx) => restorableBackup(tx, tenantId, backupId));
  const key = await keys.find(tenantId);
  if (!key) throw new DomainError('tenant_erased', 'The key of this tenant was destroyed: its backups cannot be read.');
  const backup = await openBackup({ place, key, tenantId, backupId }, { keys: new KeyBook(await listKeys(em)) });
  const { manifest, parts } = backup;
  const tables = parts
    .filter(({ source, what }) => source === 'database' && what === 'rows')
    .map(({ name, rows: count }) => ({ name, rows: count ?? 0 }));
  const chosen = only ? bySource(only) : null;
  const problems = mode === 'in_place' ? await problemsOf(em, tenantId, tenant.state) : [];
  const unknown = (only?.tables ?? []).filter((name) => !tables.some((table) => table.name === name));
  if (unknown.length > 0)
    problems.push({ code: 'restore_refused', text: `The backup holds no table called ${unknown.join(', ')}.` });
  return {
    ...{ backupId, mode, at: manifest.at, verified: row.verified, provenAt: row.provenAt },
    sources: manifest.sources.map(({ source, rows: count, objects, bytes }) => ({
      ...{ source, rows: count, objects, bytes },
      comes: chosen === null ? 'all' : source in chosen ? 'chosen' : 'nothing',
    })),
    tables,
    people: await peopleIn(em, backup, tenantId),
    steps: mode === 'in_place' ? stepsInPlace(tenant.state === 'active') : stepsBeside,
    wayBackDays: mode === 'in_place' ? restoreWayBackDays : null,
    problems,
  };
}

/** Whom the backup holds, as it calls them, and who of them is there still. */
async function peopleIn(em: Sql, backup: OpenBackup, tenantId: string): Promise<RestorePlan['people']> {
  const part = backup.parts.find(({ source, about }) => source === 'realm' && about?.['role'] === 'people');
  if (!part) return [];
  const people: { id: string; email: string; name: string | null }[] = [];
  for await (const { id, email, name } of parsedLines(readPart(backup, part), HeldPerson)) {
    people.push({ id, email, name });
    if (people.length === mostPeople) break;
  }
  const there = await rows<{ id: string }>(em)`
    select id from users where tenant_id = ${tenantId} and id = any(${people.map(({ id }) => id)}::uuid[])`;
  const ids = new Set(there.map(({ id }) => id));
  return people.map((person) => ({ ...person, isThere: ids.has(person.id) }));
}

const stepsBeside = [
  'Make a new tenant, which nobody can reach yet',
  'Read the whole backup',
  'Bring back what the backup holds',
  'Check that everything answers',
  'Open the doors of the new tenant',
].map((title) => ({ title, closes: false }));

const stepsInPlace = (isOpen: boolean) => [
  { title: 'Close the doors', closes: isOpen },
  { title: 'Read the whole backup', closes: false },
  { title: 'Back up what is there now', closes: false },
  { title: 'Bring back what the backup holds', closes: false },
  { title: isOpen ? 'Check that everything answers, and open the doors' : 'End the restore', closes: false },
];

async function problemsOf(em: Sql, tenantId: string, state: string): Promise<RestorePlan['problems']> {
  const problems: RestorePlan['problems'] = [];
  if (state !== 'active' && state !== 'suspended')
    problems.push({ code: 'tenant_not_active', text: `The tenant is ${state}.` });
  const [open] = await rows(em)`
    select 1 from runs where tenant_id = ${tenantId} and exclusive
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  if (open) problems.push({ code: 'run_in_progress', text: 'Another run is changing this tenant.' });
  await refuseWhileOffboarding(em, tenantId).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
    problems.push({ code: error.code, text: error.publicMessage });
  });
  return problems;
}
