import { onboardingItems, onboardingStates } from '#contracts/onboarding/items.ts';
import type { OnboardingPage } from '#contracts/onboarding/onboarding.ts';
import type { Plan } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

const among = (words: readonly string[], word: string | null): string => (word && words.includes(word) ? word : '');
const mostOfBoard = 100;

/** The address is the whole state of the board; what in it makes no sense is as if it were not there. */
export const load: PageLoad = async (event) => {
  const { session } = await event.parent();
  const asked = event.url.searchParams;
  const filter = {
    state: among(onboardingStates, asked.get('state')) || 'open',
    overdue: asked.get('overdue') === 'true' ? 'true' : '',
    waitsFor: among(onboardingItems, asked.get('waitsFor')),
    plan: (asked.get('plan') ?? '').slice(0, 63),
    search: (asked.get('search') ?? '').trim().slice(0, 100),
  };
  const path = `/api/v1/onboardings${query({ ...filter, cursor: asked.get('cursor'), limit: mostOfBoard })}`;
  const [onboardings, plans] = await Promise.all([
    read<OnboardingPage>(event, path),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  return { filter, onboardings, plans: plans.items };
};
