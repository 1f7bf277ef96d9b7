import type { ExecutionPage } from '#contracts/runbooks/executions.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import type { RunbookList } from '#contracts/runbooks/runbooks.ts';
import { query, read, readIfThere } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [{ items: runbooks }, plans, { items: practices }] = await Promise.all([
    read<RunbookList>(event, runbookPaths.list),
    readIfThere<{ items: PracticePlan[] }>(event, runbookPaths.practice),
    read<ExecutionPage>(event, `${runbookPaths.executions}${query({ practice: 'true', limit: 200 })}`),
  ]);
  return { runbooks, plans: plans?.items ?? [], practices };
};
