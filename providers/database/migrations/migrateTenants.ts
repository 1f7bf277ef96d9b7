import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Reason } from '#contracts/workflowInputs.ts';
import { ProviderError } from '../../provider.ts';
import type { StoreConnections } from '../stores/storeConnections.ts';
import { readApplied, versionOf, type TenantSchema } from './applied.ts';
import { failureOf, reasonOfFailure } from './failures.ts';
import { changeIndexes } from './indexChanges.ts';
import type { TenantMigration } from './migrationFile.ts';
import { flushStore, messageOf, type Timeouts } from './migrationMessage.ts';

/** A tenant's schema and where it was last seen; null when nobody has looked. */
export interface TenantAhead extends TenantSchema {
  version: number | null;
}

export interface Migrated {
  tenantId: string;
  is: 'migrated' | 'quarantined' | 'gone';
  from: number | null;
  /** Where it stands now. */
  version: number | null;
  attempts: number;
  milliseconds: number;
  /** Of a tenant at which it fails for good: what did, and why. */
  migration: string | null;
  reason: Reason | null;
}

export interface MigrationOrder {
  tenants: TenantAhead[];
  /** From the first to the target: what every schema is to have. */
  migrations: TenantMigration[];
  concurrency: number;
  attempts: number;
  timeouts: Timeouts;
  /** How many may fail before no further tenant is begun. */
  failuresLeft: number;
  /** Asked before each tenant is begun. */
  mayGoOn(): boolean;
}

/**
 * Brings tenants to the target, several at once, each by transactions of its own; nobody waits for another. What this returns is on the
 * disks of its stores. An outage ends it early: what was done until then is returned, and the outage with it.
 */
export async function migrateTenants(
  connections: StoreConnections,
  order: MigrationOrder,
): Promise<{ done: Migrated[]; outage: unknown }> {
  const ahead = [...order.tenants];
  const done: Migrated[] = [];
  const touched = new Set<string>();
  let outage: unknown = null;
  let failuresLeft = order.failuresLeft;
  const lane = async () => {
    while (outage === null && failuresLeft >= 0 && order.mayGoOn()) {
      const tenant = ahead.shift();
      if (!tenant) return;
      touched.add(tenant.database);
      try {
        const migrated = await connections.lend(tenant.database, (client) => migrateTenant(client, tenant, order));
        if (migrated.is === 'quarantined') failuresLeft -= 1;
        done.push(migrated);
      } catch (error) {
        outage = asOutage(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(order.concurrency, ahead.length) }, lane));
  // Unless a store says that it is on its disk, nobody may believe it: the tenants are looked at again.
  for (const database of touched) await connections.lend(database, flushStore);
  return { done, outage };
}

async function migrateTenant(
  client: pg.ClientBase,
  tenant: TenantAhead,
  { migrations, attempts, timeouts }: MigrationOrder,
): Promise<Migrated> {
  const began = performance.now();
  const target = migrations.length;
  let from = tenant.version;
  let version = tenant.version;
  let failures = 0;
  const end = (is: Migrated['is'], reason: Reason | null = null): Migrated => ({
    ...{ tenantId: tenant.tenantId, is, from, version, attempts: failures + 1, reason },
    migration: is === 'quarantined' ? (migrations[version ?? 0]?.name ?? null) : null,
    milliseconds: Math.round(performance.now() - began),
  });
  for (let isSeen = false; ; isSeen = true) {
    try {
      if (version === null || isSeen) {
        const found = await readApplied(client, tenant);
        if (found.is === 'gone') return end('gone');
        version = versionOf(found.applied, migrations);
        from ??= version;
      }
      while (version < target) version = await applyNext(client, tenant, version, { migrations, timeouts });
      return end('migrated');
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'outage') throw error;
      await client.query('rollback; reset role; reset all');
      failures += 1;
      const isOver = failures >= attempts || failure === 'poison';
      if (!isOver) {
        if (failure === 'passing') await delay(20 * 2 ** failures * (0.5 + Math.random()));
        continue;
      }
      failures -= 1;
      const found = await readApplied(client, tenant).catch(() => null);
      if (found?.is === 'gone') return end('gone');
      // Of several in one message, the ones before the failing one were applied.
      if (found) version = found.applied.length;
      return end('quarantined', reasonOfFailure(migrations[version ?? 0]?.name ?? '', error));
    }
  }
}

/** Applies as many as go in one message, or one that needs no transaction; returns the version after them. */
async function applyNext(
  client: pg.ClientBase,
  tenant: TenantSchema,
  version: number,
  { migrations, timeouts }: Pick<MigrationOrder, 'migrations' | 'timeouts'>,
): Promise<number> {
  const next = migrations[version]!;
  if (next.indexChanges !== null) {
    await changeIndexes(client, tenant, next, { migrations, timeouts });
    return version + 1;
  }
  const end = migrations.findIndex(({ indexChanges }, at) => at > version && indexChanges !== null);
  const together = migrations.slice(version, end < 0 ? undefined : end);
  await client.query(messageOf(tenant, together, migrations, timeouts));
  return version + together.length;
}

function asOutage(error: unknown): unknown {
  if (error instanceof ProviderError) return error;
  const { code, message } = error as { code?: string; message?: string };
  return new ProviderError('PostgreSQL', `The data store did not answer (${code ?? message ?? 'no reason'}).`, {
    cause: error,
    retryable: true,
  });
}
