import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { writeTag } from '#domain/resources/tags.ts';
import type { ResourceSpec } from '#providers/provider.ts';
import type { TestInstallation } from './installation.ts';

export interface PlantContext {
  installation: TestInstallation;
  spec: ResourceSpec;
  /** The tag that the provider itself would write. */
  tag: string;
}

type Plant = (context: PlantContext) => Promise<unknown>;

/** What the contract's tests do to a kind of resource behind its provider's back. */
export interface Planting {
  /** Everything of this resource in the real system, comparable. */
  snapshot(context: PlantContext): Promise<unknown>;
  /** What must be gone after `destroy`. */
  remains(context: PlantContext): Promise<unknown[]>;
  halves: Record<string, Plant>;
  foreign: Record<string, Plant>;
  differences: Record<string, { plant: Plant; difference: RegExp }>;
  /** More things than a page holds, ours and foreign mixed. */
  crowd: Plant;
  crowdRun: string;
  crowdSize: number;
}

const crowdRun = '00000000-0000-4000-8000-00000000c0de';
const forged = ({ tag }: PlantContext) => tag.slice(0, -4) + 'AAAA';
const idOf = (i: number) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;

/** Tags of ours for things of other tenants. */
const crowdTags = ({ installation, spec }: PlantContext, size: number) =>
  Array.from({ length: size }, (_, i) => ({
    tenantId: idOf(i),
    tag: writeTag(installation.platform.installation.keyring, {
      ...spec,
      tenantId: idOf(i),
      resourceId: idOf(i),
      runId: crowdRun,
    }),
  }));

const tagOfAnother = ({ installation, spec }: PlantContext) =>
  writeTag(installation.platform.installation.keyring, { ...spec, resourceId: idOf(1) });

async function storeOf({ installation }: PlantContext): Promise<string> {
  const [store] = await installation.asAdmin<{ database_name: string }>(null, 'select database_name from data_stores');
  return store?.database_name ?? '';
}
const nameOf = ({ spec }: PlantContext) => schemaNameOf(spec.tenantId);
const inStore =
  (text: (context: PlantContext) => string): Plant =>
  async (context) =>
    context.installation.asAdmin(await storeOf(context), text(context));

const provisionerOf = ({ installation }: PlantContext) =>
  new URL(`${installation.configuration.provisionerDatabaseUrl}`).username;

const database: Planting = {
  async snapshot(context) {
    return context.installation.asAdmin(
      await storeOf(context),
      `select 'schema' as what, nspname::text as name, obj_description(oid, 'pg_namespace') as tag, nspacl::text as acl,
              (select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = n.oid) as holds
         from pg_namespace n where nspname = $1
       union all
       select 'role', rolname::text, shobj_description(oid, 'pg_authid'),
              (select string_agg(roleid::regrole::text, ' ' order by 1) from pg_auth_members where member = r.oid),
              rolcanlogin::text
         from pg_roles r where rolname = $1`,
      [nameOf(context)],
    );
  },
  remains(context) {
    return this.snapshot(context) as Promise<unknown[]>;
  },
  halves: {
    'only its role': async (context) => {
      await context.installation.asAdmin(null, `create role ${nameOf(context)} login`);
      await context.installation.asAdmin(null, `comment on role ${nameOf(context)} is '${context.tag}'`);
      await context.installation.asAdmin(null, `grant ${nameOf(context)} to ${provisionerOf(context)} with admin true`);
    },
    'only its schema': inStore(
      (context) => `create schema ${nameOf(context)} authorization ${provisionerOf(context)};
        comment on schema ${nameOf(context)} is '${context.tag}'`,
    ),
  },
  foreign: {
    'a schema without a tag': inStore((context) => `create schema ${nameOf(context)}`),
    'a role without a tag': (context) => context.installation.asAdmin(null, `create role ${nameOf(context)} login`),
    'a schema with a forged tag': inStore(
      (context) => `create schema ${nameOf(context)} authorization ${provisionerOf(context)};
        comment on schema ${nameOf(context)} is '${forged(context)}'`,
    ),
    'a role tagged for another resource': (context) =>
      context.installation.asAdmin(
        null,
        `create role ${nameOf(context)} login; comment on role ${nameOf(context)} is '${tagOfAnother(context)}'`,
      ),
  },
  differences: {
    'an applied migration that is not listed': {
      plant: inStore((context) => `delete from ${nameOf(context)}.schema_migrations`),
      difference: /applied migrations/,
    },
    'the list of migrations is gone': {
      plant: inStore((context) => `drop table ${nameOf(context)}.schema_migrations`),
      difference: /applied migrations/,
    },
    'another owner': {
      plant: inStore((context) => `alter schema ${nameOf(context)} owner to ${nameOf(context)}`),
      difference: /owner of schema/,
    },
    'a login that is shut': {
      plant: inStore((context) => `alter role ${nameOf(context)} nologin`),
      difference: /login of role/,
    },
    'a role with more rights': {
      plant: inStore((context) => `alter role ${nameOf(context)} createdb`),
      difference: /rights of role/,
    },
    'a role that may not connect': {
      plant: async (context) =>
        context.installation.asAdmin(
          null,
          `revoke ${await storeOf(context)}_tenants from ${nameOf(context)} granted by ${provisionerOf(context)}`,
        ),
      difference: /membership of role/,
    },
    'a schema whose tag is gone': {
      plant: inStore((context) => `comment on schema ${nameOf(context)} is null`),
      difference: /tag of schema/,
    },
    'a role whose tag is forged': {
      plant: inStore((context) => `comment on role ${nameOf(context)} is '${forged(context)}'`),
      difference: /tag of role/,
    },
    'a schema that is gone': {
      plant: inStore((context) => `drop schema ${nameOf(context)} cascade`),
      difference: /^schema/,
    },
    'a right to make tables': {
      plant: inStore((context) => `grant create on schema ${nameOf(context)} to ${nameOf(context)}`),
      difference: /create in schema/,
    },
  },
  async crowd(context) {
    const store = await storeOf(context);
    const statements = crowdTags(context, this.crowdSize).flatMap(({ tenantId, tag }, i) => {
      const name = schemaNameOf(tenantId);
      return [
        `create schema if not exists ${name}; comment on schema ${name} is '${tag}'`,
        ...(i % 50 === 0 ? [`create schema if not exists t_foreign_${i}`] : []),
      ];
    });
    await context.installation.asAdmin(store, statements.join(';'));
  },
  crowdRun,
  crowdSize: 520,
};

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

const realm: Planting = {
  snapshot: (context) => realmRows(context),
  remains: (context) => realmRows(context),
  halves: {},
  foreign: {
    'a realm with a forged tag': plantRealm(forged),
    'a realm tagged for another resource': plantRealm((context) => tagOfAnother(context)),
  },
  differences: {
    'no realm': { plant: changeRealm('delete from realms where resource_id = $1'), difference: /^realm$/ },
    'no key': { plant: changeRealm('delete from realm_keys where realm_id = $1'), difference: /published keys/ },
    'another key': {
      plant: changeRealm(`update realm_keys set public_jwk = public_jwk || '{"x":"b3RoZXI"}' where realm_id = $1`),
      difference: /published keys/,
    },
    'a forged tag': {
      plant: changeRealm('update realms set tag = $2 where resource_id = $1', forged),
      difference: /tag of the realm/,
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

const bucketPath = ({ installation, spec }: PlantContext) =>
  join(installation.configuration.storageDir, bucketNameOf(spec.tenantId));
const marker = '.tenantry-owner';
const plantBucket =
  (files: (context: PlantContext) => Record<string, string>): Plant =>
  async (context) => {
    await mkdir(bucketPath(context), { recursive: true });
    for (const [name, text] of Object.entries(files(context))) await writeFile(join(bucketPath(context), name), text);
  };

const storage: Planting = {
  async snapshot(context) {
    const path = bucketPath(context);
    if (!(await stat(path).catch(() => null))?.isDirectory()) return [];
    const names = (await readdir(path)).sort();
    return Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')]));
  },
  async remains(context) {
    const isThere = (await stat(bucketPath(context)).catch(() => null))?.isDirectory() ?? false;
    const trash = await readdir(join(context.installation.configuration.storageDir, '.trash')).catch(() => []);
    return [
      ...(isThere ? ['bucket'] : []),
      ...trash.filter((name) => name.startsWith(bucketNameOf(context.spec.tenantId))),
    ];
  },
  halves: {
    'only an empty folder': plantBucket(() => ({})),
    'a marker that was not finished': plantBucket(() => ({ [`${marker}.new`]: '' })),
  },
  foreign: {
    'a folder with files': plantBucket(() => ({ 'precious.txt': 'not yours' })),
    'a folder with a forged tag': plantBucket((context) => ({ [marker]: forged(context) })),
    'a folder tagged for another resource': plantBucket((context) => ({
      [marker]: tagOfAnother(context),
      'precious.txt': 'not yours',
    })),
  },
  differences: {
    'no bucket': { plant: (context) => rm(bucketPath(context), { recursive: true }), difference: /^bucket/ },
    'no tag': { plant: (context) => rm(join(bucketPath(context), marker)), difference: /tag of bucket/ },
    'a forged tag': { plant: plantBucket((context) => ({ [marker]: forged(context) })), difference: /tag of bucket/ },
  },
  async crowd(context) {
    const root = context.installation.configuration.storageDir;
    for (const { tenantId, tag } of crowdTags(context, this.crowdSize)) {
      await mkdir(join(root, bucketNameOf(tenantId)), { recursive: true });
      await writeFile(join(root, bucketNameOf(tenantId), marker), tag);
    }
    await mkdir(join(root, 't-foreign'), { recursive: true });
  },
  crowdRun,
  crowdSize: 520,
};

export const plantings = { database, realm, storage };
