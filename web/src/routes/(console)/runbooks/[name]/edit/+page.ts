import { may } from '#contracts/permissions.ts';
import type { Runbook, RunbookCatalogue, RunbookVersion } from '#contracts/runbooks/runbooks.ts';
import { error } from '@sveltejs/kit';
import { read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { name } = event.params;
  const from = event.url.searchParams.get('from');
  const [{ latest }, older, catalogue, { session }] = await Promise.all([
    read<Runbook>(event, runbookPaths.of(name)),
    from === null ? null : read<RunbookVersion>(event, runbookPaths.version(name, from)),
    read<RunbookCatalogue>(event, runbookPaths.catalogue),
    event.parent(),
  ]);
  if (!may(session.grants, 'runbooks:edit')) error(403, 'Changing runbooks is not permitted');
  return { latest, from: older ?? latest, catalogue };
};
