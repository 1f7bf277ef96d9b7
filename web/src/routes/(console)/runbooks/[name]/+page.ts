import type { Runbook, RunbookCatalogue, RunbookDiff, RunbookVersion } from '#contracts/runbooks/runbooks.ts';
import type { PracticePlan } from '#contracts/runbooks/practice.ts';
import { read, readIfThere } from '#lib/api/requests.ts';
import { declaredBy } from '#lib/runbooks/declaredBy.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { name } = event.params;
  const asked = event.url.searchParams;
  const [runbook, catalogue, plans] = await Promise.all([
    read<Runbook>(event, runbookPaths.of(name)),
    read<RunbookCatalogue>(event, runbookPaths.catalogue),
    readIfThere<{ items: PracticePlan[] }>(event, runbookPaths.practice),
  ]);
  const { latest } = runbook;
  const wanted = asked.get('version') ?? String(latest.version);
  const against = asked.get('against') ?? '';
  const [shown, diff] = await Promise.all([
    wanted === String(latest.version) ? latest : read<RunbookVersion>(event, runbookPaths.version(name, wanted)),
    against === '' ? null : read<RunbookDiff>(event, runbookPaths.diff(name, against, wanted)),
  ]);
  return {
    runbook,
    shown,
    diff,
    declared: declaredBy(catalogue),
    practice: plans?.items.find((plan) => plan.runbook === name) ?? null,
  };
};
