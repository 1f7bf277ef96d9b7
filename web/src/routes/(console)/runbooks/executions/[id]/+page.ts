import type { Execution } from '#contracts/runbooks/executions.ts';
import { read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  execution: await read<Execution>(event, runbookPaths.execution(event.params.id)),
});
