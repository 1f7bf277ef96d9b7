import type { ExecutionPage } from '#contracts/runbooks/executions.ts';
import { query, read } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

const yesOrNo = (value: string | null): string => (value === 'true' || value === 'false' ? value : '');

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const filter = {
    runbook: (asked.get('runbook') ?? '').slice(0, 63),
    practice: yesOrNo(asked.get('practice')),
    open: yesOrNo(asked.get('open')),
  };
  const path = `${runbookPaths.executions}${query({ ...filter, cursor: asked.get('cursor') })}`;
  return { filter, executions: await read<ExecutionPage>(event, path) };
};
