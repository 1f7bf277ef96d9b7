import { schemaNameOf } from '#domain/resources/names.ts';
import { crowdRun, crowdTags, forged, tagOfAnother, type Plant, type PlantContext, type Planting } from './planting.ts';

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

export const database: Planting = {
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
      stays: true,
    },
    'the list of migrations is gone': {
      plant: inStore((context) => `drop table ${nameOf(context)}.schema_migrations`),
      difference: /applied migrations/,
      stays: true,
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
          `revoke ${await storeOf(context)}_tenants from ${nameOf(context)} granted by ${await storeOf(context)}_maker`,
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
      stays: true,
    },
    'a schema that is gone': {
      plant: inStore((context) => `drop schema ${nameOf(context)} cascade`),
      difference: /^schema/,
    },
    'a right to make tables': {
      plant: inStore((context) => `grant create on schema ${nameOf(context)} to ${nameOf(context)}`),
      difference: /rights on schema/,
    },
    'a right for everybody': {
      plant: inStore((context) => `grant usage on schema ${nameOf(context)} to public`),
      difference: /rights on schema/,
    },
    'a table that everybody reads': {
      plant: inStore((context) => `grant select on ${nameOf(context)}.settings to public`),
      difference: /^rights on table settings$/,
    },
    'a table that the tenant may not write': {
      plant: inStore((context) => `revoke insert, update on ${nameOf(context)}.tasks from ${nameOf(context)}`),
      difference: /^rights on table tasks$/,
    },
    'a table of another owner': {
      plant: inStore((context) => `alter table ${nameOf(context)}.projects owner to ${nameOf(context)}`),
      difference: /^owner of table projects$/,
    },
    'a limit of connections': {
      plant: inStore((context) => `alter role ${nameOf(context)} connection limit 3`),
      difference: /connection limit of role/,
    },
    'a role that ends': {
      plant: inStore((context) => `alter role ${nameOf(context)} valid until '2031-01-01'`),
      difference: /end of role/,
    },
    'a role that lands elsewhere': {
      plant: async (context) =>
        context.installation.asAdmin(
          null,
          `alter role ${nameOf(context)} in database ${await storeOf(context)} reset search_path`,
        ),
      difference: /search path of role/,
    },
    'a role that sees past row security': {
      plant: inStore((context) => `alter role ${nameOf(context)} bypassrls`),
      difference: /rights of role/,
      stays: true,
    },
    'a role in another group': {
      plant: inStore((context) => `grant pg_read_all_data to ${nameOf(context)}`),
      difference: /membership of role/,
      stays: true,
    },
    'a table of an applied migration that is gone': {
      plant: inStore((context) => `drop table ${nameOf(context)}.tasks`),
      difference: /^table tasks$/,
      stays: true,
    },
    'a column that is gone': {
      plant: inStore((context) => `alter table ${nameOf(context)}.tasks drop column done_at`),
      difference: /^column tasks\.done_at$/,
      stays: true,
    },
    'a column of another type': {
      plant: inStore((context) => `alter table ${nameOf(context)}.settings alter column value type text`),
      difference: /^column settings\.value$/,
      stays: true,
    },
    'an index that is gone': {
      plant: inStore((context) => `drop index ${nameOf(context)}.tasks_of_project`),
      difference: /^index tasks\.tasks_of_project$/,
      stays: true,
    },
    'a constraint that is gone': {
      plant: inStore((context) => `alter table ${nameOf(context)}.tasks drop constraint tasks_project_id_fkey`),
      difference: /^constraint tasks\.tasks_project_id_fkey$/,
      stays: true,
    },
    'a table that no migration made': {
      plant: inStore((context) => `create table ${nameOf(context)}.by_hand (id int)`),
      difference: /^table by_hand$/,
      stays: true,
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
