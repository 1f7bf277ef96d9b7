import { may } from '#contracts/permissions.ts';
import { error } from '@sveltejs/kit';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  const { session } = await parent();
  if (!may(session.grants, 'blueprints:write')) error(403, 'Changing blueprints is not permitted');
};
