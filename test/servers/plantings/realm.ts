import { crowdRun, crowdTags, forged, tagOfAnother, type Plant, type PlantContext, type Planting } from './planting.ts';

const realmRows = (context: PlantContext, where = `tenant_id = '${context.spec.tenantId}'`) =>
  context.installation.asAdmin(
    null,
    `select r.*, (select jsonb_agg(k order by k.id) from realm_keys k where k.realm_id = r.resource_id) as keys
       from realms r where ${where}`,
  );
const plantRealm =
  (tagOf: (context: PlantContext) => string): Plant =>
  ({ ...context }) =>
    context.installation.asAdmin(
      null,
      `insert into realms (resource_id, tenant_id, tag, access) values ($1, $2, $3, 'open')`,
      [context.spec.resourceId, context.spec.tenantId, tagOf(context)],
    );
const changeRealm =
  (text: string, value?: (context: PlantContext) => string): Plant =>
  (context) =>
    context.installation.asAdmin(null, text, [context.spec.resourceId, ...(value ? [value(context)] : [])]);

export const realm: Planting = {
  snapshot: (context) => realmRows(context),
  remains: (context) => realmRows(context),
  halves: {},
  foreign: {
    'a realm with a forged tag': plantRealm(forged),
    'a realm tagged for another resource': plantRealm((context) => tagOfAnother(context)),
  },
  differences: {
    'no realm': { plant: changeRealm('delete from realms where resource_id = $1'), difference: /^realm$/ },
    'no key': { plant: changeRealm('delete from realm_keys where realm_id = $1'), difference: /published key/ },
    'another key': {
      plant: changeRealm(`update realm_keys set public_jwk = public_jwk || '{"x":"b3RoZXI"}' where realm_id = $1`),
      difference: /published key/,
    },
    'a forged tag': {
      plant: changeRealm('update realms set tag = $2 where resource_id = $1', forged),
      difference: /tag of the realm/,
      stays: true,
    },
    'a key that was retired': {
      plant: changeRealm('update realm_keys set retired_at = now() where realm_id = $1'),
      difference: /published key/,
    },
    'access shut': {
      plant: changeRealm(`update realms set access = 'suspended' where resource_id = $1`),
      difference: /access of the realm/,
    },
  },
  async crowd(context) {
    const { installation, spec } = context;
    const tags = crowdTags(context, this.crowdSize);
    await installation.asAdmin(
      null,
      `with given as (select * from jsonb_to_recordset($1::jsonb) as g ("tenantId" uuid, tag text)),
        tenant as (insert into tenants (id, name, search_text, plan, region, state)
          select "tenantId", 'crowd', 'crowd', 'standard', 'default', 'provisioning' from given returning id),
        resource as (insert into resources (id, tenant_id, kind, provider, title, position, state, run_id, epoch)
          select id, id, 'realm', 'crowd', 'realm', 0, 'present', $2, 1 from tenant returning id)
       insert into realms (resource_id, tenant_id, tag, access)
         select r.id, r.id, g.tag, 'open' from resource r join given g on g."tenantId" = r.id`,
      [JSON.stringify(tags), spec.runId],
    );
  },
  crowdRun,
  crowdSize: 520,
};
