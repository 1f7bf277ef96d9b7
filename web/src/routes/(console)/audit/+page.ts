import type { AuditPage, AuditVerification } from '#contracts/audit/audit.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** What the form offers, by the names that the API and the address use alike. */
const asked = [
  'search',
  'type',
  'actor',
  'outcome',
  'tenantId',
  'targetKind',
  'targetId',
  'keyId',
  'requestId',
] as const;
export type AuditFilter = Record<(typeof asked)[number] | 'from' | 'to', string>;

const dayMs = 86_400_000;

/** A day of the form, in UTC, as the moment at which it begins or ends; null when it is no day. */
function moment(day: string, end: boolean): string | null {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) ? null : new Date(time + (end ? dayMs : 0)).toISOString();
}

export const load: PageLoad = async (event) => {
  const { session } = await event.parent();
  const parameters = event.url.searchParams;
  const filter = Object.fromEntries(
    [...asked, 'from', 'to'].map((name) => [name, parameters.get(name)?.trim() ?? '']),
  ) as AuditFilter;
  const wanted = {
    ...filter,
    from: moment(filter.from, false),
    to: moment(filter.to, true),
    cursor: parameters.get('cursor'),
  };
  const seesAll = session.grants.some(
    ({ scope, permissions }) => scope.kind === 'platform' && permissions.includes('audit:read'),
  );
  const [entries, verification] = await Promise.all([
    read<AuditPage>(event, `/api/v1/audit${query(wanted)}`),
    seesAll ? read<AuditVerification>(event, '/api/v1/audit/verification') : null,
  ]);
  return { filter, entries, verification };
};
