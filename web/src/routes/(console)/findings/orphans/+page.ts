import type { DriftPage } from '#contracts/findings/drift.ts';
import type { OrphanPage } from '#contracts/findings/orphans.ts';
import type { RunPage } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import { orphanStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? 'open';
  const filter = { state: state in orphanStateWords ? state : '' };
  const [orphans, ghosts, runs] = await Promise.all([
    read<OrphanPage>(event, `/api/v1/orphans/findings${query({ ...filter, cursor: asked.get('cursor') })}`),
    read<DriftPage>(event, '/api/v1/drift/findings?ghost=true&state=open&limit=200'),
    read<RunPage>(event, '/api/v1/runs?kind=sweepOrphans&limit=1'),
  ]);
  return { filter, orphans, ghosts: ghosts.items, lastRun: runs.items[0] ?? null };
};
