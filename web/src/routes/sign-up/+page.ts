import type { SignUpOffer } from '#contracts/onboarding/signUps.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({ offer: await read<SignUpOffer>(event, '/api/v1/sign-ups/offer') });
