type Catalogue = 'pg_class' | 'pg_proc' | 'pg_type' | 'pg_default_acl';

/**
 * `<oid> = ${inSchema('pg_class')}`: what lies in the schema that is called `$1`, by what depends on it. No catalogue has an index by schema, and in
 * a store of many tenants each is long; everything that lies in a schema depends on it, except indexes and row types, which depend on what does
 * (PostgreSQL's documentation, 53.18 “pg_depend”). An array, so that it is looked up whatever the planner makes of the catalogues' statistics.
 */
export const inSchema = (catalogue: Catalogue): string =>
  `any(array(select objid from pg_depend where refclassid = 'pg_namespace'::regclass and classid = '${catalogue}'::regclass
    and refobjid = (select oid from pg_namespace where nspname = $1)))`;
