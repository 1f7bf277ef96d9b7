import type { ImportPage } from '#contracts/imports/imports.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  imports: await read<ImportPage>(event, `/api/v1/imports${query({ cursor: event.url.searchParams.get('cursor') })}`),
});
