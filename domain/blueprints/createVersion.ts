import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { json, rows } from '../sql.ts';
import { checkBlueprint } from './checkBlueprint.ts';

/**
 * Writes the version that follows `baseVersion`, or the first when that is 0. Refuses with `blueprint_invalid` (every problem at
 * once), `not_found`, `blueprint_changed` when another version followed already.
 */
export async function createVersion(
  em: Sql,
  { name, baseVersion, steps: given }: { name: string; baseVersion: number; steps: readonly unknown[] },
  actor: Actor,
): Promise<number> {
  const [latest] = await rows<{ version: number }>(em)`
    select version from blueprints where name = ${name} order by version desc limit 1`;
  if (!latest && baseVersion > 0) throw new DomainError('not_found', `There is no blueprint "${name}".`);
  if (latest && latest.version !== baseVersion) throw blueprintChanged(name, latest.version);

  const { steps, problems } = checkBlueprint(given);
  if (problems.length > 0)
    throw new DomainError('blueprint_invalid', 'Tenants cannot be made by these steps.', { fields: problems });

  const version = baseVersion + 1;
  const written = await rows(em)`
    insert into blueprints (name, version, steps, created_by)
    values (${name}, ${version}, ${json(steps)}::jsonb, ${actor.userId}::uuid)
    on conflict do nothing returning version`;
  if (written.length === 0) throw blueprintChanged(name, version); // another one was faster by a moment
  await appendEvent(
    em,
    { stream: `blueprint:${name}`, type: 'blueprint.version_created', tenantId: null, data: { name, version } },
    actor,
  );
  return version;
}

const blueprintChanged = (name: string, version: number): DomainError =>
  new DomainError('blueprint_changed', `The blueprint "${name}" is at version ${version} meanwhile.`, {
    fields: [{ path: 'baseVersion', message: `is not the latest: that is ${version}` }],
  });
