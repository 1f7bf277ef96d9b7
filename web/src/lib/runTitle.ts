import type { Run } from '#contracts/runs.ts';
import { runKindTitles } from '#lib/words.ts';

const alone: Record<Run['kind'], string> = {
  provisionTenant: 'Provision',
  deprovisionTenant: 'Remove',
  deliverInvitation: 'Invite the admin',
};

/** "Provision Universität Zürich"; beside the tenant itself only what is done. */
export const runTitle = (run: Pick<Run, 'kind' | 'tenant'>, namesTenant = true): string =>
  namesTenant && run.tenant ? `${runKindTitles[run.kind]} ${run.tenant.name}` : alone[run.kind];
