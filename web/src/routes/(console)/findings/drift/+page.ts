import type { DriftPage } from '#contracts/findings/drift.ts';
import type { RunPage } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import { driftStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? 'open';
  const tenantId = asked.get('tenantId') ?? '';
  const filter = { state: state in driftStateWords ? state : '', tenantId };
  const [findings, runs] = await Promise.all([
    read<DriftPage>(event, `/api/v1/drift/findings${query({ ...filter, cursor: asked.get('cursor') })}`),
    read<RunPage>(event, `/api/v1/runs${query({ kind: 'checkDrift', tenantId, limit: 1 })}`),
  ]);
  return { filter, findings, lastRun: runs.items[0] ?? null };
};
