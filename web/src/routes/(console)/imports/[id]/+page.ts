import { importLineStates, type Import, type ImportLinePage } from '#contracts/imports/imports.ts';
import type { Run } from '#contracts/runs.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/imports/${encodeURIComponent(event.params.id)}`;
  const asked = event.url.searchParams;
  const state = importLineStates.find((one) => one === asked.get('state')) ?? null;
  const after = /^\d{1,9}$/.exec(asked.get('after') ?? '')?.[0] ?? null;
  const [file, lines] = await Promise.all([
    read<Import>(event, path),
    read<ImportLinePage>(event, `${path}/lines${query({ state, after })}`),
  ]);
  const run = file.runId ? await read<Run>(event, `/api/v1/runs/${file.runId}`) : null;
  return { file, lines, run, state, after };
};
