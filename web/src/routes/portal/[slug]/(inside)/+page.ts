import type { Account } from '#contracts/identity/account.ts';
import type { OwnershipChanges } from '#contracts/life/ownership.ts';
import type { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { read, readIfThere } from '#lib/api/requests.ts';
import { askedOf } from '#lib/portal/ownership.ts';
import type { PageLoad } from './$types';

/** Tenants of some plans have nothing to get ready: then there is no checklist. */
export const load: PageLoad = async (event) => {
  const { door, session } = await event.parent();
  const [onboarding, account, ownership] = await Promise.all([
    session.permissions.includes('onboarding:read') ? readIfThere<Onboarding>(event, `${door.api}/onboarding`) : null,
    session.kind === 'member' ? read<Account>(event, `${door.api}/account`) : null,
    session.kind === 'member' ? read<OwnershipChanges>(event, `${door.api}/ownership`) : { items: [] },
  ]);
  const isAsked = ownership.items.some((change) => askedOf(change, account?.email ?? null) !== null);
  return { onboarding, account, isAsked };
};
