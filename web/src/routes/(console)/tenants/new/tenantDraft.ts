import type { NewTenant } from '#contracts/tenants.ts';
import { labelsOf, type LabelDraft } from '#lib/forms/labels.ts';

/** The form as it is typed. */
export interface TenantDraft {
  name: string;
  /** What was typed as address; empty means: derive it from the name. */
  slug: string;
  externalId: string;
  labels: LabelDraft[];
  plan: string;
  region: string;
  adminEmail: string;
  adminName: string;
}

export const emptyDraft = (plan: string): TenantDraft => ({
  name: '',
  slug: '',
  externalId: '',
  labels: [],
  plan,
  region: '',
  adminEmail: '',
  adminName: '',
});

/** The request that the draft asks for. A derived address is left to the API, which numbers it when it is taken. */
export function requestOf(draft: TenantDraft): NewTenant {
  const [slug, externalId, region, email, adminName] = [
    draft.slug,
    draft.externalId,
    draft.region,
    draft.adminEmail,
    draft.adminName,
  ].map((text) => text.trim());
  const labels = labelsOf(draft.labels);
  return {
    name: draft.name,
    ...(slug && { slug }),
    ...(externalId && { externalId }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(draft.plan && { plan: draft.plan }),
    ...(region && { region }),
    ...((email || adminName) && { admin: { email: email ?? '', ...(adminName && { name: adminName }) } }),
  };
}
