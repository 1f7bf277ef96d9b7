import type { RunbookList } from '#contracts/runbooks/runbooks.ts';
import { read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { items } = await read<RunbookList>(event, runbookPaths.list);
  return { runbooks: items };
};
