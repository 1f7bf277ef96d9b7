import { redirect } from '@sveltejs/kit';
import type { Session } from '#contracts/session.ts';
import { ask } from '#lib/api/requests.ts';
import { safeNext } from '#lib/api/nextPath.ts';
import { signInNote } from '#lib/signIn/entered.ts';
import type { PageLoad } from './$types';

/** Who is signed in already has no business here. */
export const load: PageLoad = async ({ fetch, url }) => {
  const next = safeNext(url.searchParams.get('next'));
  const session = await ask<Session>(fetch, 'GET', '/api/v1/session').catch(() => null);
  if (session) redirect(303, next);
  return { next, note: signInNote(url) };
};
