import { Socket } from 'node:net';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { Blueprint, Plan } from './blueprints/blueprintRecord.ts';
import { Resource } from './resources/resourceRecord.ts';
import { Run, RunStep } from './runs/runRecord.ts';
import { Tenant, TenantAddress } from './tenants/tenantRecord.ts';

export type Registry = MikroORM;
export type Sql = EntityManager;

const silenceMs = 20_000;

/**
 * A connection that says nothing for longer than any statement may take leads nowhere (a network that drops packets): it is given up,
 * so that the pool can make another, instead of after the quarter of an hour that TCP would wait.
 */
export function registrySocket(): Socket {
  const socket = new Socket();
  const silent = () => Object.assign(new Error('the registry fell silent'), { code: 'ETIMEDOUT' });
  return socket.setTimeout(silenceMs, () => socket.destroy(silent()));
}

/** Connects to the registry. `em.fork()` per request and per activity; statements longer than 15 s are ended by the server. */
export async function openRegistry(url: string, { poolSize = 10 } = {}): Promise<Registry> {
  return MikroORM.init({
    clientUrl: url,
    ...socketOf(url),
    entities: [Blueprint, Plan, Tenant, TenantAddress, Run, RunStep, Resource],
    pool: { min: 0, max: poolSize },
    driverOptions: {
      statement_timeout: 15_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 10_000,
      connectionTimeoutMillis: 5_000,
      application_name: 'tenantry',
      stream: registrySocket,
    },
    forceUtcTimezone: true,
    // A row's truth is in PostgreSQL; an identity map that outlives its fork would hide what others wrote.
    allowGlobalContext: false,
  });
}

/** The ORM takes host names of URLs alone; a server without a place on the net is named as libpq does it, by `?host=<folder of its socket>`. */
export function socketOf(url: string): { host?: string } {
  const host = new URL(url).searchParams.get('host');
  return host === null ? {} : { host };
}
