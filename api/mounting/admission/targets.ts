import type { Target } from '#contracts/permissions.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import type { Sql } from '#domain/database.ts';
import { rows } from '#domain/sql.ts';
import { defaultPlan } from '#domain/tenants/registerTenant.ts';

/** What came with a request, by name. */
export type Given = Readonly<Record<string, unknown>>;

interface Told {
  params: Given;
  body: Given;
}

/** Something that belongs to a tenant: how it is called when it is not there, and where its tenant stands. */
interface Thing {
  name: string;
  find(told: Told, em: Sql): Promise<Target | null>;
}

type Row = { tenant_id: string | null; plan: string | null };

const first = async (found: Promise<Row[]>): Promise<Target | null> => {
  const [row] = await found;
  return row ? { tenantId: row.tenant_id, plan: row.plan } : null;
};

/** What a route may be about. What belongs to no tenant (a run of the platform) has a target that only the platform's grants cover. */
export const things = {
  /** In the path, or in the body where a route is about one tenant or all. */
  tenant: {
    name: 'tenant',
    async find({ params, body }, em) {
      const id = (params['tenantId'] ?? body['tenantId'] ?? null) as string | null;
      return id === null ? {} : findTenantTarget(em, id);
    },
  },
  run: {
    name: 'run',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select r.tenant_id, t.plan from runs r left join tenants t on t.id = r.tenant_id where r.id = ${params['runId']}`),
  },
  task: {
    name: 'task',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select k.tenant_id, t.plan from tasks k left join tenants t on t.id = k.tenant_id where k.id = ${params['taskId']}`),
  },
  finding: {
    name: 'finding',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select f.tenant_id, t.plan from drift_findings f join tenants t on t.id = f.tenant_id
        where f.id = ${params['findingId']}`),
  },
  supportAccess: {
    name: 'support access',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select s.tenant_id, t.plan from support_accesses s join tenants t on t.id = s.tenant_id
        where s.id = ${params['supportAccessId']}`),
  },
  license: {
    name: 'licence',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select l.tenant_id, t.plan from licenses l join tenants t on t.id = l.tenant_id where l.id = ${params['licenseId']}`),
  },
  renewal: {
    name: 'renewal',
    find: ({ params }, em) =>
      first(rows<Row>(em)`
        select n.tenant_id, t.plan from license_renewals n join tenants t on t.id = n.tenant_id
        where n.id = ${params['renewalId']}`),
  },
  /** For a tenant that is not there yet; which plan an earlier plan was made for, its handler asks. */
  plan: {
    name: 'plan',
    find: async ({ body }) => ({ plan: (body['plan'] as string | undefined) ?? defaultPlan }),
  },
} as const satisfies Record<string, Thing>;

export type ThingKind = keyof typeof things;
