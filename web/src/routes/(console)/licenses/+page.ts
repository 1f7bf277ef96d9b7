import type { LicensePage } from '#contracts/licenses/licenses.ts';
import type { Plan } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import { licenseStateWords } from '#lib/licenses/licenseWords.ts';
import type { PageLoad } from './$types';

const sorts = ['-createdAt', 'createdAt', 'expiresAt'];
const dayMs = 86_400_000;
/** Within how many days a licence ends that is asked for by `ends`. */
const spans = ['7', '30', '90'];

/** The address is the whole state of the list; what in it makes no sense is as if it were not there. */
export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const oneOf = (name: string, known: readonly string[]) => known.find((one) => one === asked.get(name)) ?? '';
  const filter = {
    q: (asked.get('q') ?? '').slice(0, 120),
    state: oneOf('state', Object.keys(licenseStateWords)),
    plan: (asked.get('plan') ?? '').slice(0, 63),
    tenantId: (asked.get('tenantId') ?? '').slice(0, 36),
    ends: oneOf('ends', [...spans, 'over']),
    sort: oneOf('sort', sorts) || '-createdAt',
  };
  const now = Date.now();
  const at = (milliseconds: number) => new Date(milliseconds).toISOString();
  const { ends, ...same } = filter;
  const span =
    ends === ''
      ? {}
      : ends === 'over'
        ? { expiresBefore: at(now) }
        : { expiresFrom: at(now), expiresBefore: at(now + Number(ends) * dayMs) };
  const { session } = await event.untrack(() => event.parent());
  const [licenses, plans] = await Promise.all([
    read<LicensePage>(event, `/api/v1/licenses${query({ ...same, ...span, cursor: asked.get('cursor') })}`),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  return { filter, licenses, plans: plans.items };
};
