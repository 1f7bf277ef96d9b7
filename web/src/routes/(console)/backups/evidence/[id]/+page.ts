import type { EvidenceFile } from '#contracts/backups/evidence.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  file: await read<EvidenceFile>(event, `/api/v1/evidence/${encodeURIComponent(event.params.id)}`),
});
