import type { OnboardingPlan } from '#contracts/onboarding/onboarding.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  plans: (await read<{ items: OnboardingPlan[] }>(event, '/api/v1/onboarding-plans')).items,
});
