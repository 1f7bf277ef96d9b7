import type { PlatformState } from '#contracts/platform.ts';
import type { Session } from '#contracts/session.ts';
import { read } from '#lib/api/requests.ts';
import type { LayoutLoad } from './$types';

/** Everything in here is for who is signed in; others are sent to sign in and come back. */
export const load: LayoutLoad = async (event) => {
  const [session, platform] = await Promise.all([
    read<Session>(event, '/api/v1/session'),
    read<PlatformState>(event, '/api/v1/platform'),
  ]);
  return { session, platform };
};
