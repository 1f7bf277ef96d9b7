import { redirect } from '@sveltejs/kit';
import type { Session } from '#contracts/session.ts';
import { read } from '#lib/api/requests.ts';
import { permittedPlaces } from '#lib/frame/places.ts';
import type { PageLoad } from './$types';

/** The first place that is open to who comes; whoever has no role yet still has a profile. */
export const load: PageLoad = async (event) => {
  const { grants } = await read<Session>(event, '/api/v1/session');
  redirect(307, permittedPlaces(grants)[0]?.href ?? '/profile');
};
