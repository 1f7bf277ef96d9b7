import { crowdRun, crowdTags, forged, tagOfAnother, type Plant, type PlantContext, type Planting } from './planting.ts';

const licenseRows = ({ installation, spec }: PlantContext) =>
  installation.asAdmin(
    null,
    `select l.*, (select jsonb_agg(r) from license_revocations r where r.license_id = l.id) as listed
     from licenses l where l.id = $1`,
    [spec.resourceId],
  );

/** A key to which nobody has the private half: what is planted is signed by nobody. */
const someKey = `
  with product as (insert into license_products (name) values ('suite') on conflict do nothing)
  insert into license_keys (kid, product, public_key, signs_from, retired_at)
  values ('planted', 'suite', sha256('planted'), '2020-01-01', '2020-01-02') on conflict do nothing`;

const plantLicense =
  (tagOf: (context: PlantContext) => string): Plant =>
  async (context) => {
    const { installation, spec } = context;
    await installation.asAdmin(null, someKey);
    await installation.asAdmin(
      null,
      `insert into licenses (id, tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, anchor_at,
                             terms, starts_at, issued_at, tag)
       values ($1, $2, 'suite', 'licensed', 'licensed', 1, 'revoked', 1, 'planted', false, false, now(), 0, now(), now(), $3)`,
      [spec.resourceId, spec.tenantId, tagOf(context)],
    );
  };

const change =
  (text: string, value?: (context: PlantContext) => string): Plant =>
  (context) =>
    context.installation.asAdmin(null, text, [context.spec.resourceId, ...(value ? [value(context)] : [])]);

export const license: Planting = {
  snapshot: (context) => licenseRows(context),
  remains: async (context) =>
    (await licenseRows(context)).filter(
      (row) =>
        row['tag'] !== null || row['state'] !== 'revoked' || row['claims'] !== null || row['sealed_key'] !== null,
    ),
  halves: {},
  foreign: {
    'a licence with a forged tag': plantLicense(forged),
    'a licence tagged for another resource': plantLicense((context) => tagOfAnother(context)),
  },
  differences: {
    'no licence': { plant: change('delete from licenses where id = $1'), difference: /^licence$/ },
    'a forged tag': {
      plant: change('update licenses set tag = $2 where id = $1', forged),
      difference: /tag of the licence/,
      stays: true,
    },
    'other claims than were signed': {
      plant: change(`update licenses set claims = replace(claims, '"serial":1', '"serial":9') where id = $1`),
      difference: /signature of the licence/,
    },
    'the signature of something else': {
      plant: change(`update licenses set signature = sha512('another') where id = $1`),
      difference: /signature of the licence/,
    },
    'an older serial in the row': {
      plant: change('update licenses set serial = serial + 1 where id = $1'),
      difference: /signature of the licence/,
    },
    'access shut': {
      plant: change(`update licenses set access = 'suspended', access_at = now() where id = $1`),
      difference: /access of the tenant's licences/,
    },
  },
  async crowd(context) {
    const { installation, spec } = context;
    await installation.asAdmin(null, someKey);
    await installation.asAdmin(
      null,
      `with given as (select * from jsonb_to_recordset($1::jsonb) as g ("tenantId" uuid, tag text)),
        tenant as (insert into tenants (id, name, search_text, plan, region, state)
          select "tenantId", 'crowd', 'crowd', 'standard', 'default', 'provisioning' from given on conflict do nothing)
       insert into licenses (id, tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, anchor_at,
                             terms, starts_at, issued_at, tag)
         select g."tenantId", g."tenantId", 'suite', 'licensed', 'licensed', 1, 'revoked', 1, 'planted', false, false, now(), 0, now(), now(), g.tag
         from given g`,
      [JSON.stringify(crowdTags({ ...context, spec }, this.crowdSize))],
    );
  },
  crowdRun,
  crowdSize: 520,
};
