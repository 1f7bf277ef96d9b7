import pg from 'pg';
import { MikroORM } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { socketOf } from '#domain/database.ts';
import { scramVerifier } from '#domain/secrets/scram.ts';
import { Migration20261121100000_registry } from './core/Migration20261121100000_registry.ts';
import { Migration20261121110000_reconciliation } from './core/Migration20261121110000_reconciliation.ts';
import { Migration20261121120000_whereabouts } from './core/Migration20261121120000_whereabouts.ts';
import { Migration20261121130000_decisions } from './core/Migration20261121130000_decisions.ts';
import { Migration20261121140000_attention } from './core/Migration20261121140000_attention.ts';
import { Migration20261121150000_blueprints } from './core/Migration20261121150000_blueprints.ts';
import { Migration20261121155000_platformRuns } from './core/Migration20261121155000_platformRuns.ts';
import { Migration20261121160000_drift } from './core/Migration20261121160000_drift.ts';
import { Migration20261121165000_sweep } from './core/Migration20261121165000_sweep.ts';
import { Migration20261121170000_workerTokens } from './core/Migration20261121170000_workerTokens.ts';
import { Migration20261122140000_nextMasterKey } from './core/Migration20261122140000_nextMasterKey.ts';
import { Migration20261121180000_access } from './access/Migration20261121180000_access.ts';
import { Migration20261121181000_signIn } from './access/Migration20261121181000_signIn.ts';
import { Migration20261121182000_apiKeys } from './access/Migration20261121182000_apiKeys.ts';
import { Migration20261121183000_audit } from './access/Migration20261121183000_audit.ts';
import { Migration20261121184000_approvals } from './access/Migration20261121184000_approvals.ts';
import { Migration20261121185000_supportAccess } from './access/Migration20261121185000_supportAccess.ts';
import { Migration20261121191000_onboarding } from './life/Migration20261121191000_onboarding.ts';
import { Migration20261121195000_fleet } from './life/Migration20261121195000_fleet.ts';
import { Migration20261121193000_offboarding } from './life/Migration20261121193000_offboarding.ts';
import { Migration20261121196000_rotation } from './life/Migration20261121196000_rotation.ts';
import { Migration20261121192000_suspension } from './life/Migration20261121192000_suspension.ts';
import { Migration20261121194000_imports } from './life/Migration20261121194000_imports.ts';
import { Migration20261121190000_members } from './life/Migration20261121190000_members.ts';
import { Migration20261122010000_licensePolicies } from './licenses/Migration20261122010000_licensePolicies.ts';
import { Migration20261122020000_licenseKeys } from './licenses/Migration20261122020000_licenseKeys.ts';
import { Migration20261122030000_licenses } from './licenses/Migration20261122030000_licenses.ts';
import { Migration20261122040000_licenseUses } from './licenses/Migration20261122040000_licenseUses.ts';
import { Migration20261122050000_licenseDues } from './licenses/Migration20261122050000_licenseDues.ts';
import { Migration20261122053000_licenseResources } from './licenses/Migration20261122053000_licenseResources.ts';
import { Migration20261122070000_licenseRenewals } from './licenses/Migration20261122070000_licenseRenewals.ts';
import { Migration20261122101000_settledDues } from './licenses/Migration20261122101000_settledDues.ts';
import { Migration20261122080000_licenseUsage } from './licenses/Migration20261122080000_licenseUsage.ts';
import { Migration20261122100000_backups } from './backups/Migration20261122100000_backups.ts';
import { Migration20261122180000_serverBackups } from './recovery/Migration20261122180000_serverBackups.ts';
import { Migration20261122120000_restores } from './backups/Migration20261122120000_restores.ts';
import { Migration20261122103000_platformBackups } from './backups/Migration20261122103000_platformBackups.ts';
import { Migration20261122146000_databaseServers } from './recovery/Migration20261122146000_databaseServers.ts';
import { Migration20261122132000_evidence } from './backups/Migration20261122132000_evidence.ts';
import { Migration20261122131000_drillFleets } from './backups/Migration20261122131000_drillFleets.ts';
import { Migration20261122191000_backupHolds } from './backups/Migration20261122191000_backupHolds.ts';
import { Migration20261122192000_keptByLock } from './backups/Migration20261122192000_keptByLock.ts';
import { Migration20261122170000_unreadBackups } from './backups/Migration20261122170000_unreadBackups.ts';
import { Migration20261122110000_drills } from './backups/Migration20261122110000_drills.ts';
import { Migration20261122161000_arrivals } from './backups/Migration20261122161000_arrivals.ts';
import { Migration20261122190000_recoveries } from './recovery/Migration20261122190000_recoveries.ts';
import { Migration20261122162000_refills } from './backups/Migration20261122162000_refills.ts';
import { Migration20261122130000_runbooks } from './runbooks/Migration20261122130000_runbooks.ts';
import { Migration20261122151000_runbooks_that_wait } from './runbooks/Migration20261122151000_runbooks_that_wait.ts';

export interface RolePasswords {
  migrator: string;
  app: string;
  provisioner: string;
  reader: string;
}

export interface DatabaseUrls {
  migratorUrl: string;
  appUrl: string;
  provisionerUrl: string;
  readerUrl: string;
}

/** In this order; a released one is never edited. */
export const migrations = [
  Migration20261121100000_registry,
  Migration20261121110000_reconciliation,
  Migration20261121120000_whereabouts,
  Migration20261121130000_decisions,
  Migration20261121140000_attention,
  Migration20261121150000_blueprints,
  Migration20261121155000_platformRuns,
  Migration20261121160000_drift,
  Migration20261121165000_sweep,
  Migration20261121170000_workerTokens,
  Migration20261121180000_access,
  Migration20261121181000_signIn,
  Migration20261121182000_apiKeys,
  Migration20261121183000_audit,
  Migration20261121184000_approvals,
  Migration20261121185000_supportAccess,
  Migration20261121190000_members,
  Migration20261121191000_onboarding,
  Migration20261121192000_suspension,
  Migration20261121193000_offboarding,
  Migration20261121194000_imports,
  Migration20261121195000_fleet,
  Migration20261121196000_rotation,
  Migration20261122010000_licensePolicies,
  Migration20261122020000_licenseKeys,
  Migration20261122030000_licenses,
  Migration20261122040000_licenseUses,
  Migration20261122050000_licenseDues,
  Migration20261122053000_licenseResources,
  Migration20261122070000_licenseRenewals,
  Migration20261122101000_settledDues,
  Migration20261122080000_licenseUsage,
  Migration20261122100000_backups,
  Migration20261122103000_platformBackups,
  Migration20261122110000_drills,
  Migration20261122131000_drillFleets,
  Migration20261122132000_evidence,
  Migration20261122120000_restores,
  Migration20261122180000_serverBackups,
  Migration20261122191000_backupHolds,
  Migration20261122192000_keptByLock,
  Migration20261122161000_arrivals,
  Migration20261122146000_databaseServers,
  Migration20261122140000_nextMasterKey,
  Migration20261122162000_refills,
  Migration20261122170000_unreadBackups,
  Migration20261122130000_runbooks,
  Migration20261122190000_recoveries,
  Migration20261122151000_runbooks_that_wait,
];

const ident = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/**
 * Creates the separated roles and the registry database, or brings them to this state. Idempotent.
 * - migrator owns the registry · app reads and writes it, no DDL · provisioner creates the tenants' roles, databases and
 *   schemas and cannot read the registry · reader reads (backup, drift).
 *
 * @param adminUrl a role that may create roles and databases; used here only
 * @param passwords reach the server as SCRAM-SHA-256 verifiers (RFC 5803), never as text
 */
export async function setUpDatabase(options: {
  adminUrl: string;
  database?: string;
  rolePrefix?: string;
  passwords: RolePasswords;
}): Promise<DatabaseUrls> {
  const { adminUrl, database = 'tenantry', rolePrefix = 'tenantry', passwords } = options;
  const role = (name: keyof RolePasswords) => `${rolePrefix}_${name}`;
  const attributes: Record<keyof RolePasswords, string> = {
    migrator: 'nosuperuser nocreaterole nocreatedb',
    app: 'nosuperuser nocreaterole nocreatedb',
    provisioner: 'nosuperuser createrole createdb',
    reader: 'nosuperuser nocreaterole nocreatedb',
  };
  await withClient(adminUrl, async (admin) => {
    // Two starts at once must not race for the same catalogue rows.
    await admin.query(`select pg_advisory_lock(hashtext('tenantry set-up'))`);
    for (const name of Object.keys(attributes) as (keyof RolePasswords)[]) {
      const exists = await admin.query(`select 1 from pg_roles where rolname = $1`, [role(name)]);
      const verb = exists.rowCount ? 'alter' : 'create';
      const password = await scramVerifier(passwords[name]);
      await admin.query(`${verb} role ${ident(role(name))} login ${attributes[name]} password ${literal(password)}`);
    }
    const exists = await admin.query(`select 1 from pg_database where datname = $1`, [database]);
    if (!exists.rowCount) {
      // Managed servers' administrators are no superusers: to give a database to a role they must be able to become it.
      await admin.query(`grant ${ident(role('migrator'))} to current_user`);
      await admin.query(`create database ${ident(database)} owner ${ident(role('migrator'))}`);
    }
    await admin.query(`revoke all on database ${ident(database)} from public`);
    await admin.query(
      `grant connect on database ${ident(database)} to ${ident(role('app'))}, ${ident(role('reader'))}`,
    );
  });
  const urls: DatabaseUrls = {
    migratorUrl: urlAs(adminUrl, role('migrator'), passwords.migrator, database),
    appUrl: urlAs(adminUrl, role('app'), passwords.app, database),
    // The provisioner's home is the maintenance database: it has nothing to do in the registry.
    provisionerUrl: urlAs(adminUrl, role('provisioner'), passwords.provisioner),
    readerUrl: urlAs(adminUrl, role('reader'), passwords.reader, database),
  };
  await withClient(urls.migratorUrl, async (migrator) => {
    const inSchema = `alter default privileges in schema public grant`;
    await migrator.query(`${inSchema} select, insert, update, delete on tables to ${ident(role('app'))}`);
    await migrator.query(`${inSchema} select on tables to ${ident(role('reader'))}`);
  });
  return urls;
}

/**
 * Runs the migrations that this database has not seen; returns their names.
 *
 * @param only of these: for a registry that is going to be filled from a backup of an earlier version
 */
export async function migrate({
  migratorUrl,
  only,
}: {
  migratorUrl: string;
  only?: readonly string[];
}): Promise<string[]> {
  const wanted = only ? migrations.filter(({ name }) => only.includes(name)) : migrations;
  const orm = await MikroORM.init({
    clientUrl: migratorUrl,
    ...socketOf(migratorUrl),
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: {
      tableName: 'schema_migrations',
      migrationsList: wanted.map((migration) => ({ name: migration.name, class: migration })),
      allOrNothing: false,
      snapshot: false,
      silent: true,
    },
  });
  try {
    const done = await orm.migrator.up();
    return done.map((migration) => migration.name);
  } finally {
    await orm.close(true);
  }
}

function urlAs(adminUrl: string, user: string, password: string, database?: string): string {
  const url = new URL(adminUrl);
  url.username = user;
  url.password = encodeURIComponent(password);
  if (database) url.pathname = `/${database}`;
  return url.toString();
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
