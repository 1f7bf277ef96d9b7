import type { SignUpPage, SignUpSettings } from '#contracts/onboarding/signUps.ts';
import type { Plan } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import { signUpStateWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { session } = await event.parent();
  const asked = event.url.searchParams;
  const state = asked.get('state') ?? '';
  const filter = { state: state in signUpStateWords ? state : '' };
  const [signUps, settings, plans] = await Promise.all([
    read<SignUpPage>(event, `/api/v1/sign-ups${query({ ...filter, cursor: asked.get('cursor') })}`),
    read<SignUpSettings>(event, '/api/v1/sign-up-settings'),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  return { filter, signUps, settings, plans: plans.items };
};
