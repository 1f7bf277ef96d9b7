import type { PortalLicenses } from '#contracts/portal/licenses.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { door } = await event.parent();
  return { licenses: (await read<PortalLicenses>(event, `${door.api}/licenses`)).items };
};
