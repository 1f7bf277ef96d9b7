import { error } from '@sveltejs/kit';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  const { session } = await parent();
  if (!session.permissions.includes('blueprints:write')) error(403, 'Changing blueprints is not permitted');
};
