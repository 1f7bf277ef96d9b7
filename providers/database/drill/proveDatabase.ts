import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { HeldPart } from '#domain/backups/format/manifest.ts';
import type { RestoreSource } from '../../provider.ts';
import { snapshotTables } from '../backup/snapshotTables.ts';
import { heldSchemaOf } from '../restore/heldSchema.ts';
import { MigratedSchemas } from '../restore/migratedSchema.ts';
import { restoreSchema } from '../restore/restoreSchema.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';
import { appliedTable, applyTenantMigrations, type TenantMigration } from '../tenantMigrations.ts';
import { askChecks, refuseUnlessAllHold, type CheckResult, type DrillCheck } from './checks.ts';
import { roomNameOf, type DrillRooms, type RoomOf } from './rooms.ts';

const ident = pg.escapeIdentifier;

/** What a drill found of a database. Counts and times in milliseconds; no names of tables but those of checks. */
export interface DatabaseProof {
  tables: number;
  rows: number;
  bytes: number;
  /** Every table was read again from the room, and had the digest that the backup says. */
  digests: number;
  foreignKeys: number;
  /** The tenant migrations that came after the backup, applied on top of it. */
  migratedForward: number;
  checks: CheckResult[];
  restoreMs: number;
  /** Until it could be used: migrated to the newest version, the smoke check passed. */
  usableMs: number;
  checkMs: number;
}

/** Of rooms, which are all made alike. */
const schemas = new MigratedSchemas();

/**
 * Restores the tables of a backup into a room of its own, in one transaction.
 *
 * @throws what a restore throws
 */
export async function restoreIntoRoom(
  rooms: DrillRooms,
  of: RoomOf,
  { parts, open, migrations }: Pick<RestoreSource, 'parts' | 'open'> & { migrations: TenantMigration[] },
  signal: AbortSignal,
): Promise<{ rows: number; bytes: number; ms: number }> {
  const began = performance.now();
  const held = heldSchemaOf(parts, migrations);
  const name = roomNameOf(of.runId);
  return inside(await rooms.open(of, newPassword()), name, signal, async (client) => {
    await client.query('begin');
    await client.query(`create schema ${ident(name)}`);
    const target = { name, tag: 'drill', readerRole: null, migrations: held.migrations, schemas };
    const { rows, bytes, leftOut } = await restoreSchema(client, target, held, { open, signal });
    await client.query('commit');
    if (leftOut[0]) throw new DomainError('drill_failed', `Something did not come back as it was: ${leftOut[0].why}.`);
    return { rows, bytes, ms: Math.round(performance.now() - began) };
  });
}

interface Proving {
  parts: readonly HeldPart[];
  migrations: TenantMigration[];
  checks: DrillCheck[];
  /** Told what the checks said, before it is refused for them. */
  note: (checks: CheckResult[]) => Promise<unknown>;
}

/**
 * Reads every table of the room again and compares it with what the backup says of it; then brings the schema to the newest version and asks the
 * product's own checks.
 *
 * @throws `drill_failed`, `migration_failed`
 */
export async function proveRoom(
  rooms: DrillRooms,
  of: RoomOf,
  { parts, migrations, checks, note }: Proving,
  signal: AbortSignal,
): Promise<Omit<DatabaseProof, 'restoreMs'>> {
  const name = roomNameOf(of.runId);
  const held = heldSchemaOf(parts, migrations);
  const connections = await rooms.enter(of, newPassword());
  try {
    const beganComparing = performance.now();
    const compared = await compareTables(connections, name, parts, signal);
    const compareMs = performance.now() - beganComparing;
    return await inside(connections, name, signal, async (client) => {
      const began = performance.now();
      await client.query('begin');
      // A tenant may not change the list of its migrations; here the room's owner is the tenant's role, too.
      await client.query(`grant insert on ${ident(name)}.${appliedTable} to current_user`);
      await applyTenantMigrations(client, name, migrations);
      await client.query('commit');
      const isSmoke = (check: DrillCheck) => check.name === 'smoke.sql';
      const smoke = await askChecks(client, name, checks.filter(isSmoke));
      const usableMs = Math.round(performance.now() - began);
      const others = await askChecks(
        client,
        name,
        checks.filter((check) => !isSmoke(check)),
      );
      await note([...smoke, ...others]);
      refuseUnlessAllHold([...smoke, ...others]);
      return {
        ...compared,
        foreignKeys: await validForeignKeys(client, name),
        migratedForward: migrations.length - held.version,
        checks: [...smoke, ...others],
        usableMs,
        checkMs: Math.round(compareMs + performance.now() - began),
      };
    });
  } finally {
    await connections.close();
  }
}

/** The room is copied as the tenant's schema was: whatever came back otherwise has another digest. */
async function compareTables(
  connections: StoreConnections,
  name: string,
  parts: readonly HeldPart[],
  signal: AbortSignal,
): Promise<{ tables: number; rows: number; bytes: number; digests: number }> {
  const expected = new Map(parts.map((part) => [part.name, part]));
  const found = { tables: 0, rows: 0, bytes: 0, digests: 0 };
  for await (const part of snapshotTables(connections, name, name, signal)) {
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const piece of part.pieces) {
      digest.update(piece);
      bytes += piece.length;
    }
    const was = expected.get(part.name);
    const { rows = 0 } = part.held();
    const isTable = part.about?.['role'] === 'table';
    if (!was || (isTable && (was.rows !== rows || was.bytes !== bytes || was.sha256 !== digest.digest('hex'))))
      throw new DomainError(
        'drill_failed',
        was
          ? `What came back differs from what was backed up: ${rows} rows instead of ${was.rows} (part ${was.number}).`
          : 'A table came back that was not backed up.',
      );
    expected.delete(part.name);
    if (!isTable) continue;
    found.tables += 1;
    found.digests += 1;
    found.rows += rows;
    found.bytes += bytes;
  }
  if (expected.size > 0) throw new DomainError('drill_failed', `${expected.size} tables did not come back.`);
  return found;
}

/** @throws `drill_failed` when one of them is not known to hold */
async function validForeignKeys(client: pg.Client, schema: string): Promise<number> {
  const { rows } = await client.query<{ valid: number; all: number }>(
    `select count(*) filter (where convalidated)::int as valid, count(*)::int as all from pg_constraint
     where contype = 'f' and connamespace = $1::regnamespace`,
    [ident(schema)],
  );
  const { valid = 0, all = 0 } = rows[0] ?? {};
  if (valid !== all) throw new DomainError('drill_failed', `${all - valid} foreign keys are not known to hold.`);
  return all;
}

async function inside<Result>(
  connections: StoreConnections,
  name: string,
  signal: AbortSignal,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connections.alone(name);
  const abort = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await work(client);
  } finally {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => undefined);
    await connections.close();
  }
}

/** Kept nowhere: each attempt lets itself in by a new one. */
const newPassword = (): string => randomBytes(24).toString('base64url');
