import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { testServers } from '../installation.ts';
import { copyMigrated, makeMigrated } from './migratedDatabase.ts';

/** Everything that has an owner or grants, and what was applied. */
const looks = [
  `select relname, relkind, pg_get_userbyid(relowner) as owner,
     (select array_agg(one::text order by one::text) from unnest(relacl) as one) as acl
   from pg_class where relnamespace = 'public'::regnamespace order by relname`,
  `select proname, pg_get_userbyid(proowner) as owner, proacl::text from pg_proc
   where pronamespace = 'public'::regnamespace order by proname, oid`,
  `select typname, pg_get_userbyid(typowner) as owner from pg_type where typnamespace = 'public'::regnamespace order by 1`,
  `select pg_get_userbyid(defaclrole) as owner, defaclobjtype, defaclacl::text from pg_default_acl order by 1, 2`,
  `select datname, pg_get_userbyid(datdba) as owner, datacl::text from pg_database where datname = current_database()`,
  `select extname, pg_get_userbyid(extowner) as owner from pg_extension order by 1`,
  'select name from schema_migrations order by id',
];

describe('the registry that the tests copy', () => {
  it('is what the migrations make, with the same owners and grants', async () => {
    const { adminUrl, template } = testServers();
    assert.ok(template);
    const names = {
      copied: `test_copied_${randomBytes(3).toString('hex')}`,
      made: `test_made_${randomBytes(3).toString('hex')}`,
    };
    try {
      await copyMigrated(template, { adminUrl, name: names.copied });
      await makeMigrated(adminUrl, names.made);
      const [copied, made] = [await look(adminUrl, names.copied), await look(adminUrl, names.made)];
      assert.deepEqual(copied, made);
      assert.ok(made.every((found) => found.length > 0));
    } finally {
      const admin = new pg.Client({ connectionString: adminUrl });
      await admin.connect();
      for (const name of Object.values(names))
        await admin.query(`drop database if exists ${pg.escapeIdentifier(name)}`);
      await admin.end();
    }
  });
});

async function look(adminUrl: string, name: string): Promise<unknown[][]> {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    const found: unknown[][] = [];
    for (const text of looks) found.push((await client.query(text)).rows);
    return JSON.parse(JSON.stringify(found).replaceAll(name, 'test_x')) as unknown[][];
  } finally {
    await client.end();
  }
}
