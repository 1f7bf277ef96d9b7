import { redirect } from '@sveltejs/kit';
import type { Session } from '#contracts/session.ts';
import { ask } from '#lib/api/requests.ts';
import { safeNext } from '#lib/api/nextPath.ts';
import type { PageLoad } from './$types';

/** What brought people here who did not come by themselves. */
const notes: Record<string, string> = {
  password: 'Your password is changed. Sign in with the new one.',
};

/** Who is signed in already has no business here. */
export const load: PageLoad = async ({ fetch, url }) => {
  const next = safeNext(url.searchParams.get('next'));
  const session = await ask<Session>(fetch, 'GET', '/api/v1/session').catch(() => null);
  if (session) redirect(303, next);
  return { next, note: notes[url.searchParams.get('changed') ?? ''] };
};
