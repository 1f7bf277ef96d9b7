import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate, setUpDatabase, type DatabaseUrls } from '#migrations/setUp.ts';

const ident = pg.escapeIdentifier;

/** A registry of this name, with every migration applied, and roles of its own whose names begin with it. */
export async function makeMigrated(adminUrl: string, name: string): Promise<DatabaseUrls> {
  const urls = await setUp(adminUrl, name);
  await migrate(urls);
  return urls;
}

/** A registry that installations copy: the migrations take half a second each time, a copy less than half of that. */
export async function makeTemplate(adminUrl: string, name: string): Promise<void> {
  await makeMigrated(adminUrl, name);
  await inDatabase(adminUrl, name, async (admin) => {
    // Of its roles only the one that owns the tables stays: what the others of a copy may do is said there.
    await admin.query(`alter database ${ident(name)} owner to current_user`);
    await admin.query(`drop owned by ${ident(`${name}_app`)}, ${ident(`${name}_reader`)}`);
  });
}

/** The same as {@link makeMigrated}, owners and grants included, by copying a template. */
export async function copyMigrated(
  template: string,
  { adminUrl, name }: { adminUrl: string; name: string },
): Promise<DatabaseUrls> {
  const migrator = ident(`${name}_migrator`);
  await inDatabase(adminUrl, null, async (admin) => {
    await admin.query(`create role ${migrator}`);
    await admin.query(`create database ${ident(name)} template ${ident(template)} owner ${migrator}`);
  });
  const urls = await setUp(adminUrl, name);
  await inDatabase(adminUrl, name, async (admin) => {
    await admin.query(`reassign owned by ${ident(`${template}_migrator`)} to ${migrator}`);
    // The default privileges that a set-up leaves are for tables that are made after it.
    const tables = 'on all tables in schema public to';
    await admin.query(`grant select, insert, update, delete ${tables} ${ident(`${name}_app`)}`);
    await admin.query(`grant select ${tables} ${ident(`${name}_reader`)}`);
  });
  return urls;
}

function setUp(adminUrl: string, name: string): Promise<DatabaseUrls> {
  const password = () => randomBytes(12).toString('hex');
  const passwords = { migrator: password(), app: password(), provisioner: password(), reader: password() };
  return setUpDatabase({ adminUrl, database: name, rolePrefix: name, passwords });
}

async function inDatabase(
  adminUrl: string,
  database: string | null,
  act: (admin: pg.Client) => Promise<unknown>,
): Promise<void> {
  const url = new URL(adminUrl);
  if (database) url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
