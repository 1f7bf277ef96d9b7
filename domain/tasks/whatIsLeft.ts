import type { LeftThing } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { bucketNameOf, schemaNameOf } from '../resources/names.ts';
import { headingOfKind } from '../resources/resourceTitles.ts';
import { rows } from '../sql.ts';

interface LeftRow {
  title: string;
  provider: string;
  tenantId: string;
  resourceId: string | null;
  externalId: string | null;
  spec: { undoUrl?: string | null; taskQueue?: string; undo?: string | null };
  reason: string | null;
}

/** What the undos of a run had to leave: begun, with an undo, and not undone. */
export const leftOfRollback = async (em: Sql, runId: string): Promise<LeftThing[]> =>
  (
    await rows<LeftRow>(em)`
      select coalesce(r.title, s.title) as title, s.provider, runs.tenant_id as "tenantId", s.resource_id as "resourceId",
             r.external_id as "externalId", s.spec, s.reason
      from run_steps s join runs on runs.id = s.run_id left join resources r on r.id = s.resource_id
      where s.run_id = ${runId} and s.undo is not null and s.kind <> 'fixed' and s.state not in ('pending', 'undone')
      order by s.position`
  ).map(describe);

/**
 * What a run that only removes had to leave of what it was to remove; what the registry knows of the resource decides. Of what is served
 * outside a step was passed over when there was nothing to take back.
 */
export const leftOfRemoval = async (em: Sql, runId: string): Promise<LeftThing[]> =>
  (
    await rows<LeftRow>(em)`
      select coalesce(r.title, s.title) as title, s.provider, runs.tenant_id as "tenantId", s.resource_id as "resourceId",
             r.external_id as "externalId", s.spec, s.reason
      from run_steps s join runs on runs.id = s.run_id left join resources r on r.id = s.resource_id
      where s.run_id = ${runId} and s.kind <> 'fixed'
        and not (s.kind in ('http', 'custom') and s.state = 'skipped')
        and case when r.id is null or s.act not like '%.destroy' then s.state <> 'done'
            else r.state not in ('planned', 'destroyed') end
      order by s.position`
  ).map(describe);

const describe = (row: LeftRow): LeftThing => ({
  title: row.title,
  where: whereabouts(row),
  why: row.reason ?? 'It was not reached.',
});

/** The system and the name by which an operator finds it there; a name is known before the thing is. */
function whereabouts({ provider, tenantId, resourceId, externalId, spec }: LeftRow): string {
  if (resourceId) return `${headingOfKind(provider)}: ${externalId ?? nameOf(provider, tenantId) ?? resourceId}`;
  const url = spec.undoUrl ? URL.parse(spec.undoUrl) : null;
  if (url) return `${url.origin}${url.pathname}`; // the rest of an address may be a token
  return spec.taskQueue ? `Task queue ${spec.taskQueue}: ${spec.undo}` : headingOfKind(provider);
}

const names: Record<string, (tenantId: string) => string> = { database: schemaNameOf, storage: bucketNameOf };

const nameOf = (provider: string, tenantId: string): string | null => names[provider]?.(tenantId) ?? null;
