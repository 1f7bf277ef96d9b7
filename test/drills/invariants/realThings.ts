import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf, schemaNameOf, secondRoleOf } from '#domain/resources/names.ts';
import type { Owned } from '#providers/provider.ts';
import { createDeps } from '#workers/createDeps.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

interface ResourceRow extends Record<string, unknown> {
  id: string;
  tenant_id: string;
  provider: string;
  state: 'planned' | 'ensuring' | 'present' | 'destroying' | 'destroyed';
  tenant_state: string;
  store: string | null;
}

/** `must` be there, `may` (a removal that was given up has been told so), or `never`. */
type Expected = 'must' | 'may' | 'never';
const expectedOf = ({ state }: ResourceRow): Expected =>
  state === 'present' ? 'must' : state === 'ensuring' || state === 'destroying' ? 'may' : 'never';

/** I2: what is really there equals the ledger, by the catalogues themselves and by each provider's `list`: no orphan, no ghost. */
export async function realThingsDiffer(ground: Ground): Promise<Breach[]> {
  const resources = await ground.ask<ResourceRow>(`
    select r.id, r.tenant_id, r.provider, r.state, t.state as tenant_state, s.database_name as store
    from resources r join tenants t on t.id = r.tenant_id left join data_stores s on s.id = r.store_id`);
  const found = [
    ...(await byCatalogue(ground, resources)),
    ...(await byFolders(ground, resources)),
    ...(await byFences(ground, resources)),
    ...(await byList(ground, resources)),
    ...(await byCounters(ground)),
  ];
  return [...new Set(found)].map((what) => ({ rule: 'I2', what }));
}

function compare(what: string, expected: Map<string, Expected>, real: Set<string>): string[] {
  const orphans = [...real].filter((name) => (expected.get(name) ?? 'never') === 'never');
  const ghosts = [...expected].filter(([name, is]) => is === 'must' && !real.has(name)).map(([name]) => name);
  return [...orphans.map((name) => `orphan: ${what} ${name}`), ...ghosts.map((name) => `ghost: ${what} ${name}`)];
}

const namesOf = (resources: ResourceRow[], provider: string, nameOf: (row: ResourceRow) => string) =>
  new Map(resources.filter((row) => row.provider === provider).map((row) => [nameOf(row), expectedOf(row)]));

async function byCatalogue(ground: Ground, resources: ResourceRow[]): Promise<string[]> {
  const { installation } = ground;
  const databases = resources.filter(({ provider }) => provider === 'database');
  const stores = await ground.ask<{ database_name: string }>('select database_name from data_stores');
  const schemas = new Set<string>();
  for (const { database_name } of stores)
    for (const { nspname } of await installation.asAdmin<{ nspname: string }>(
      database_name,
      `select nspname from pg_namespace where nspname ~ '^t_'`,
    ))
      schemas.add(`${database_name}/${nspname}`);
  const own = `tenantry1:${installation.platform.installation.id}:%`;
  const roles = await ground.ask<{ rolname: string }>(
    `select rolname from pg_roles
     where rolname ~ '^t_' and (shobj_description(oid, 'pg_authid') like $1 or rolname = any($2))`,
    [own, resources.map(({ tenant_id }) => schemaNameOf(tenant_id))],
  );
  const prefix = `tenantry\\_${stores[0]?.database_name.split('_')[1] ?? 'none'}\\_%`;
  const real = await ground.ask<{ datname: string }>('select datname from pg_database where datname like $1', [prefix]);
  const rooms = await roomsLeft(ground, own);
  const realms = await ground.ask<{ resource_id: string }>('select resource_id from realms');
  const licenses = await ground.ask<{ id: string }>(
    // Those that were issued by hand are no resources.
    `select id from licenses where tag is not null or (
       (state in ('active', 'suspended') or claims is not null) and id in (select id from resources where provider = 'license'))`,
  );
  const secrets = await ground.ask<{ resource_id: string }>('select distinct resource_id from resource_secrets');
  const alive = new Map(resources.map((row) => [row.id, expectedOf(row) === 'never' ? 'never' : 'may'] as const));
  return [
    ...compare(
      'schema',
      namesOf(databases, 'database', (r) => `${r.store}/${schemaNameOf(r.tenant_id)}`),
      schemas,
    ),
    ...compare(
      'role',
      new Map([
        ...namesOf(databases, 'database', (r) => schemaNameOf(r.tenant_id)),
        // The second of the pair is there once it was needed, and goes with the first.
        ...databases.map(
          (r) => [secondRoleOf(schemaNameOf(r.tenant_id)), expectedOf(r) === 'never' ? 'never' : 'may'] as const,
        ),
      ]),
      new Set(roles.map(({ rolname }) => rolname)),
    ),
    ...compare(
      'data store',
      new Map(stores.map(({ database_name }) => [database_name, 'must'])),
      new Set(real.map(({ datname }) => datname)),
    ),
    ...compare(
      'realm of resource',
      namesOf(resources, 'realm', ({ id }) => id),
      new Set(realms.map(({ resource_id }) => resource_id)),
    ),
    ...compare(
      'licence of resource',
      namesOf(resources, 'license', ({ id }) => id),
      new Set(licenses.map(({ id }) => id)),
    ),
    ...compare('throw-away database or its role', new Map(), new Set(rooms.map(({ name }) => name))),
    ...compare('secret of resource', alive, new Set(secrets.map(({ resource_id }) => resource_id))),
  ];
}

const clearedWithinMs = 75_000;

/** Throw-away databases and their roles. A frozen attempt may make one after its drill has ended: the product looks for those every minute. */
async function roomsLeft(ground: Ground, tagged: string): Promise<{ name: string }[]> {
  let rooms: { name: string }[] = [];
  const areGone = async () => {
    rooms = await ground.ask<{ name: string }>(
      `select datname as name from pg_database where datname ~ '^drill_' and shobj_description(oid, 'pg_database') like $1
       union all select rolname from pg_roles where rolname ~ '^drill_' and shobj_description(oid, 'pg_authid') like $1`,
      [tagged],
    );
    return rooms.length === 0;
  };
  await ground.installation
    .until('throw-away databases to be cleared', clearedWithinMs, areGone)
    .catch(() => undefined);
  return rooms;
}

/** What snapshots and restores work in; what a killed one leaves there goes with a later one. */
const workFolders: ReadonlySet<string> = new Set(['.frozen', '.restoring']);

/** Folders are buckets, empty files are the tombstones of removed ones; nothing else has a place there. */
async function byFolders(ground: Ground, resources: ResourceRow[]): Promise<string[]> {
  const root = ground.installation.configuration.storageDir;
  const expected = namesOf(resources, 'storage', (row) => bucketNameOf(row.tenant_id));
  const buckets = new Set<string>();
  const wrong: string[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    const entry = await stat(path);
    if (name === '.trash') {
      wrong.push(...(await readdir(path)).map((left) => `orphan: trash ${left}`));
    } else if (workFolders.has(name)) {
      continue;
    } else if (!entry.isDirectory()) {
      if (expected.get(name) === 'must') wrong.push(`ghost: a tombstone where bucket ${name} should be`);
    } else {
      buckets.add(name);
      const left = (await readdir(path)).filter((file) => /^\.tenantry-(owner\.new|check)/.test(file));
      wrong.push(...left.map((file) => `orphan: ${name}/${file}`));
      const tag = await readFile(join(path, '.tenantry-owner'), 'utf8').catch(() => '');
      if (expected.get(name) === 'must' && !tag) wrong.push(`bucket ${name} has no tag`);
    }
  }
  return [...wrong, ...compare('bucket', expected, buckets)];
}

/** A fence says the same as the ledger, in the database where the effect happens. */
async function byFences(ground: Ground, resources: ResourceRow[]): Promise<string[]> {
  const read = (database: string | null, table: string) =>
    ground.installation.asAdmin<{ resource_id: string; state: string }>(
      database,
      `select resource_id, state from ${table}`,
    );
  const stores = await ground.ask<{ database_name: string }>('select database_name from data_stores');
  const fences = await Promise.all([
    read(null, 'fences'),
    ...stores.map(({ database_name }) => read(database_name, 'tenantry.fences')),
  ]);
  const states = new Map(fences.flat().map(({ resource_id, state }) => [resource_id, state]));
  const known = new Set(resources.map(({ id }) => id));
  return [
    // Of a removed orphan the fence is all that the registry ever knew.
    ...[...states]
      .filter(([id, state]) => !known.has(id) && state !== 'destroyed')
      .map(([id]) => `orphan: fence of ${id}`),
    ...resources.flatMap(({ id, provider, state }) => {
      const fence = states.get(id) ?? 'none';
      const agrees =
        (state === 'present' && fence === 'present') ||
        (state === 'planned' && fence === 'none') ||
        (state === 'destroyed' && (fence === 'destroyed' || fence === 'none')) ||
        state === 'ensuring' ||
        state === 'destroying';
      return agrees ? [] : [`the fence of ${provider} ${id} says ${fence}, the ledger ${state}`];
    }),
  ];
}

/** What the providers themselves find, whatever the registry believes. */
async function byList(ground: Ground, resources: ResourceRow[]): Promise<string[]> {
  const { platform, temporal } = ground.installation;
  const deps = createDeps(platform, temporal.client);
  try {
    const wrong: string[] = [];
    for (const provider of Object.values(deps.providers)) {
      const owned: Owned[] = [];
      for (let cursor: string | null = null, page = 0; page === 0 || cursor !== null; page++) {
        const { items, nextCursor } = await provider.list(cursor);
        owned.push(...items.filter(({ ownership }) => ownership.installationId === platform.installation.id));
        cursor = nextCursor;
      }
      wrong.push(
        ...compare(
          `listed ${provider.kind} of resource`,
          namesOf(resources, provider.kind, ({ id }) => id),
          new Set(owned.map(({ ownership }) => ownership.resourceId)),
        ),
      );
    }
    return wrong;
  } finally {
    await deps.closeStores();
  }
}

async function byCounters(ground: Ground): Promise<string[]> {
  const miscounted = await ground.ask<{ database_name: string }>(`
    select database_name from data_stores s where tenant_count <>
      (select count(*) from resources r where r.store_id = s.id and r.state <> 'destroyed')`);
  const addresses = await ground.ask<{ slug: string; state: string; tenant_state: string }>(`
    select a.slug, a.state, t.state as tenant_state from tenant_addresses a join tenants t on t.id = a.tenant_id
    where case t.state when 'rolled_back' then a.state <> 'released' when 'erased' then a.state not in ('held', 'released')
      else not exists (select 1 from tenant_addresses c where c.tenant_id = t.id and c.state = 'current') end`);
  return [
    ...miscounted.map(({ database_name }) => `the tenants of ${database_name} are counted wrongly`),
    ...addresses.map(({ slug, state, tenant_state }) => `address ${slug} is ${state}, its tenant ${tenant_state}`),
  ];
}
