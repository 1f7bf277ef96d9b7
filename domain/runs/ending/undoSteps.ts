import type { Sql } from '../../database.ts';
import { titleOfKind } from '../../resources/resourceTitles.ts';
import { rows } from '../../sql.ts';
import type { NewStep } from '../openRun.ts';

/** A step whose promise of an undo is not kept yet. */
export interface UnfinishedStep {
  id: string;
  title: string;
  kind: 'resource' | 'http' | 'custom';
  provider: string;
  undo: string;
  resourceId: string | null;
  spec: object;
}

/** The step of another run that keeps the promise. What is served outside is found by the step that made it. */
export const undoOf = ({ id, kind, title, provider, undo, resourceId, spec }: UnfinishedStep): NewStep => ({
  title: kind === 'resource' ? `${wordOf(undo)} the ${titleOfKind(provider)}` : `Undo: ${title}`,
  kind,
  provider,
  ...(resourceId ? { resourceId } : {}),
  ...(kind === 'resource' ? {} : { spec: { ...spec, undoes: id } }),
  act: undo,
  undo: null,
});

const words: Record<string, string> = { open: 'Open', suspend: 'Close' };
const wordOf = (undo: string): string => words[undo.split('.')[1] ?? ''] ?? 'Remove';

/** What the SaaS team's own systems did for a tenant, in all its runs, and can take back; the newest first. */
export async function outsideStepsOf(em: Sql, tenantId: string): Promise<UnfinishedStep[]> {
  return rows<UnfinishedStep>(em)`
    select s.id, s.kind, s.title, s.provider, s.undo, s.spec, null as "resourceId"
    from run_steps s join runs r on r.id = s.run_id
    where r.tenant_id = ${tenantId} and s.kind in ('http', 'custom') and s.undo is not null
      and exists (select 1 from step_inputs i where i.step_id = s.id and i.reached_at is not null and i.undone_at is null)
    order by r.created_at desc, s.position desc`;
}
