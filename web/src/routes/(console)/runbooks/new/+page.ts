import { may } from '#contracts/permissions.ts';
import type { RunbookCatalogue } from '#contracts/runbooks/runbooks.ts';
import { error } from '@sveltejs/kit';
import { read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { session } = await event.parent();
  if (!may(session.grants, 'runbooks:edit')) error(403, 'Changing runbooks is not permitted');
  return { catalogue: await read<RunbookCatalogue>(event, runbookPaths.catalogue) };
};
