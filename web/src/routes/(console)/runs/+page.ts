import type { RunPage } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import { runKindTitles, runStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? '';
  const kind = asked.get('kind') ?? '';
  const filter = { state: state in runStateWords ? state : '', kind: kind in runKindTitles ? kind : '' };
  const runs = await read<RunPage>(event, `/api/v1/runs${query({ ...filter, cursor: asked.get('cursor') })}`);
  return { filter, runs };
};
