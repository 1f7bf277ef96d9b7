/**
 * `npm run migrate`, for production: brings the registry to this version and Temporal to what the workflows need, then ends.
 * With DATABASE_URL (an administrator's) roles and database are set up as well; without it TENANTRY_MIGRATOR_DATABASE_URL is
 * used, and they are expected to be there.
 */
import { mkdir } from 'node:fs/promises';
import { migrate, setUpDatabase, type RolePasswords } from '#migrations/setUp.ts';
import { connectionOptions } from '#temporal/connection.ts';
import { withRegistry } from './start/controlPlane.ts';
import { checkExistingDatabase } from './start/existingDatabase.ts';
import { settleOwner } from './start/firstOwner.ts';
import { dataDir as dataDirOf } from './paths.ts';
import { note, progress, runCommand, SetupError } from './progress.ts';
import { keepRolePasswords } from './start/secrets.ts';
import { readOrRefuse, withoutEmpty } from './start/startConfiguration.ts';
import { prepareTemporal } from './temporalSetUp.ts';

const roles = ['migrator', 'app', 'provisioner', 'reader'] as const;
const variableOf = (role: string): string => `TENANTRY_${role.toUpperCase()}_DATABASE_URL`;

runCommand(async () => {
  const env = withoutEmpty(process.env);
  const migratorUrl = env.DATABASE_URL ? await setUp(env, env.DATABASE_URL) : env.TENANTRY_MIGRATOR_DATABASE_URL;
  if (!migratorUrl) {
    throw new SetupError(
      [
        'npm run migrate needs to know which database:',
        '  DATABASE_URL                    an administrator: creates roles and registry, then migrates',
        '  TENANTRY_MIGRATOR_DATABASE_URL  the migrator: migrates only',
      ].join('\n'),
    );
  }
  const done = await progress('migrating the registry', () => migrate({ migratorUrl }));
  note(done.length ? `ran ${done.join(', ')}` : 'nothing to do: the registry is at this version');
  if (env.TEMPORAL_ADDRESS) await progress('checking Temporal', () => prepareOwnTemporal(env, migratorUrl));
  if (env.TENANTRY_APP_DATABASE_URL) await settleFirstOwner(env, env.TENANTRY_APP_DATABASE_URL);
  process.exit(0);
});

/** In production nothing else may create the first owner; who is not named in the environment gets a one-time link. */
async function settleFirstOwner(env: NodeJS.ProcessEnv, appUrl: string): Promise<void> {
  const token = await withRegistry(appUrl, (em) => settleOwner(em, env));
  if (!token) return;
  const place = env.TENANTRY_PUBLIC_URL?.replace(/\/+$/, '') ?? '<the address of Tenantry>';
  note(`the first owner sets a password here, once: ${place}/setup#${token}`);
}

async function setUp(env: NodeJS.ProcessEnv, adminUrl: string): Promise<string> {
  await checkExistingDatabase(adminUrl);
  const given = await givenRoles(env);
  const passwords = given?.passwords ?? (await localPasswords(env));
  const urls = await progress('setting up roles and database', () =>
    setUpDatabase({
      adminUrl,
      passwords,
      ...(given ? { database: given.database, rolePrefix: given.rolePrefix } : {}),
    }),
  );
  return urls.migratorUrl;
}

interface GivenRoles {
  passwords: RolePasswords;
  database: string;
  rolePrefix: string;
}

/** Whoever names the roles' addresses has chosen their passwords, the registry's name and the roles' prefix with them. */
async function givenRoles(env: NodeJS.ProcessEnv): Promise<GivenRoles | null> {
  const named = roles.filter((role) => env[variableOf(role)]);
  if (named.length === 0) return null;
  const problems = roles.filter((role) => !env[variableOf(role)]).map((role) => `${variableOf(role)} is missing`);
  const urls = new Map(named.map((role) => [role, parse(variableOf(role), env[variableOf(role)]!)]));
  const prefixes = new Set(
    [...urls].map(([role, url]) => {
      if (!url.password) problems.push(`${variableOf(role)} has no password`);
      if (!url.username.endsWith(`_${role}`))
        problems.push(`${variableOf(role)}: the user's name has to end in _${role}`);
      return url.username.slice(0, -(role.length + 1));
    }),
  );
  if (prefixes.size > 1) problems.push('the four users have to begin alike, as in tenantry_app and tenantry_reader');
  if (problems.length > 0)
    throw new SetupError(`The roles cannot be set up:\n${problems.map((one) => `  - ${one}`).join('\n')}`);
  const passwordOf = (role: (typeof roles)[number]): string => decodeURIComponent(urls.get(role)!.password);
  return {
    passwords: {
      migrator: passwordOf('migrator'),
      app: passwordOf('app'),
      provisioner: passwordOf('provisioner'),
      reader: passwordOf('reader'),
    },
    database: decodeURIComponent(urls.get('migrator')!.pathname.slice(1)) || 'tenantry',
    rolePrefix: [...prefixes][0]!,
  };
}

async function localPasswords(env: NodeJS.ProcessEnv): Promise<RolePasswords> {
  const dataDir = dataDirOf(env);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  note(`the roles' passwords are kept in ${dataDir}/secrets/database-passwords.json`);
  return keepRolePasswords(dataDir);
}

function parse(variable: string, text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new SetupError(`${variable} is no address like postgres://user:password@host:5432/tenantry`);
  }
}

/** Only what says where Temporal is matters here; the rest of the configuration belongs to API and worker. */
async function prepareOwnTemporal(env: NodeJS.ProcessEnv, anyDatabaseUrl: string): Promise<void> {
  const configuration = readOrRefuse({
    ...env,
    TENANTRY_APP_DATABASE_URL: anyDatabaseUrl,
    TENANTRY_MASTER_KEY_FILE: undefined,
    TENANTRY_MASTER_KEY: Buffer.alloc(32).toString('base64'),
  });
  await prepareTemporal({ ...connectionOptions(configuration), namespace: configuration.temporal.namespace });
}
