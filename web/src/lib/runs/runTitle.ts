import type { Run } from '#contracts/runs.ts';
import { runKindTitles } from '#lib/display/words.ts';

/** "Provision Universität Zürich"; beside the tenant itself only what is done. */
export function runTitle({ kind, tenant }: Pick<Run, 'kind' | 'tenant'>, namesTenant = true): string {
  const { title, of } = runKindTitles[kind];
  return namesTenant && tenant ? `${title}${of} ${tenant.name}` : title;
}
