import { redirect } from '@sveltejs/kit';
import type { Session } from '#contracts/session.ts';
import { safeNext } from '#lib/api/nextPath.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** The gate for who has a role that asks for a second factor and has none yet. */
export const load: PageLoad = async (event) => {
  const next = safeNext(event.url.searchParams.get('next'));
  const session = await read<Session>(event, '/api/v1/session');
  if (!session.mustSetUp) redirect(303, next);
  return { session, next };
};
