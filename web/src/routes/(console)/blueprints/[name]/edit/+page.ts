import { may } from '#contracts/permissions.ts';
import { error } from '@sveltejs/kit';
import type { Blueprint, BlueprintVersion } from '#contracts/blueprints.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/blueprints/${encodeURIComponent(event.params.name)}`;
  const from = event.url.searchParams.get('from');
  const [{ latest }, older, { session }] = await Promise.all([
    read<Blueprint>(event, path),
    from === null ? null : read<BlueprintVersion>(event, `${path}/versions/${encodeURIComponent(from)}`),
    event.parent(),
  ]);
  if (!may(session.grants, 'blueprints:write')) error(403, 'Changing blueprints is not permitted');
  return { latest, from: older ?? latest };
};
