import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Registry, Sql } from '#domain/database.ts';
import { base32OfId } from '#domain/resources/names.ts';
import { rows } from '#domain/sql.ts';
import { openStore, tagStore } from './stores/openStore.ts';
import type { DataStore, StoreConnections } from './stores/storeConnections.ts';

interface StoreRow {
  id: string;
  ordinal: number;
  database_name: string;
}

const storeOf = (row: StoreRow): DataStore => ({ id: row.id, ordinal: row.ordinal, databaseName: row.database_name });

export interface PlacementOptions {
  installationId: string;
  maxTenants: number;
  readerRole: string | null;
  /** By its tag a store is known as ours even to a registry that has forgotten it. */
  tagOf(storeId: string): string;
}

/** Decides in which data store a tenant lives, and opens the next one when all are full. */
export class Placement {
  readonly #registry: Registry;
  readonly #connections: StoreConnections;
  readonly #options: PlacementOptions;

  constructor(registry: Registry, connections: StoreConnections, options: PlacementOptions) {
    this.#registry = registry;
    this.#connections = connections;
    this.#options = options;
  }

  /** The store of a resource, chosen and counted once. Refuses `resource_fenced` when the resource's removal has begun. */
  async place(resourceId: string, region: string): Promise<DataStore> {
    for (;;) {
      const placed = await this.#registry.em.fork().transactional((em) => takePlace(em, resourceId, region));
      if (placed) return placed;
      await this.openNext(region);
    }
  }

  /** Where a resource was placed; null when it never was. */
  async find(resourceId: string): Promise<DataStore | null> {
    const [row] = await rows<StoreRow>(this.#registry.em.fork())`
      select s.id, s.ordinal, s.database_name from resources r join data_stores s on s.id = r.store_id where r.id = ${resourceId}`;
    return row ? storeOf(row) : null;
  }

  /** The store that the next tenant of this region would get; null when one has to be opened for it. */
  async candidate(region: string): Promise<DataStore | null> {
    const [row] = await rows<StoreRow>(this.#registry.em.fork())`
      select id, ordinal, database_name from data_stores
      where region = ${region} and state = 'open' and tenant_count < max_tenants order by ordinal limit 1`;
    return row ? storeOf(row) : null;
  }

  get installation(): { id: string } {
    return { id: this.#options.installationId };
  }

  /** Of all stores, also those that are being opened. */
  async names(): Promise<string[]> {
    const found = await rows<{ name: string }>(this.#registry.em.fork())`
      select database_name as name from data_stores`;
    return found.map(({ name }) => name);
  }

  /** Stores that were opened before they had tags get theirs; called at start-up. */
  async settleTags(): Promise<void> {
    for (const { id, databaseName } of await this.all())
      await tagStore(this.#connections, databaseName, this.#options.tagOf(id));
  }

  async all(): Promise<DataStore[]> {
    const found = await rows<StoreRow>(this.#registry.em.fork())`
      select id, ordinal, database_name from data_stores where state <> 'opening' order by ordinal`;
    return found.map(storeOf);
  }

  /**
   * Writes where the stores are now; called at start-up, because a server may have come back at another address. Those whose server is
   * known are where that is: a configuration that was not changed after a failover does not bring them back.
   */
  async settleWhereabouts(): Promise<void> {
    const { host, port } = this.#connections;
    await rows(this.#registry.em.fork())`
      update data_stores set host = ${host}, port = ${Number(port)}
      where server is null and (host is distinct from ${host} or port is distinct from ${Number(port)})`;
  }

  /** Called at start-up too, so that the first tenant does not wait for CREATE DATABASE. */
  async ensureRoom(region: string): Promise<void> {
    if (!(await this.candidate(region))) await this.openNext(region);
  }

  /** Makes the database of a resource's store again where it was lost with all that was in it. */
  async reopen(resourceId: string): Promise<void> {
    const store = await this.find(resourceId);
    if (!store || (await this.#connections.hasDatabase(store.databaseName))) return;
    await openStore(this.#connections, store.databaseName, this.#options.readerRole);
    await tagStore(this.#connections, store.databaseName, this.#options.tagOf(store.id));
  }

  /** Opens one more store, unless another process is doing it or did: then its store is used. */
  async openNext(region: string): Promise<void> {
    const em = this.#registry.em.fork();
    const store = await em.transactional(async (tx) => {
      await rows(tx)`select pg_advisory_xact_lock(hashtext('tenantry: open the next store'))`;
      const [opening] = await rows<StoreRow>(tx)`
        select id, ordinal, database_name from data_stores where region = ${region} and state = 'opening' order by ordinal limit 1`;
      if (opening) return storeOf(opening); // whoever began it may have died: opening is idempotent
      const [roomy] = await rows<StoreRow>(tx)`
        select id, ordinal, database_name from data_stores
        where region = ${region} and state = 'open' and tenant_count < max_tenants limit 1`;
      if (roomy) return null;
      const [last] = await rows<{ ordinal: number | null }>(tx)`select max(ordinal) as ordinal from data_stores`;
      const ordinal = (last?.ordinal ?? 0) + 1;
      const databaseName = `tenantry_${base32OfId(this.#options.installationId).slice(-10)}_${ordinal}`;
      const id = newId();
      await rows(tx)`
        insert into data_stores (id, ordinal, region, database_name, state, max_tenants, host, port, server)
        values (${id}, ${ordinal}, ${region}, ${databaseName}, 'opening', ${this.#options.maxTenants},
                ${this.#connections.host}, ${Number(this.#connections.port)},
                (select name from database_servers where role = 'primary' and host = ${this.#connections.host}
                   and port = ${Number(this.#connections.port)}))`;
      return { id, ordinal, databaseName };
    });
    if (!store) return;
    await openStore(this.#connections, store.databaseName, this.#options.readerRole);
    await tagStore(this.#connections, store.databaseName, this.#options.tagOf(store.id));
    await rows(em)`update data_stores set state = 'open' where id = ${store.id} and state = 'opening'`;
  }
}

async function takePlace(em: Sql, resourceId: string, region: string): Promise<DataStore | null> {
  const [resource] = await rows<{ state: string; store_id: string | null }>(em)`
    select state, store_id from resources where id = ${resourceId} for update`;
  if (!resource || resource.state === 'destroying' || resource.state === 'destroyed')
    throw new DomainError('resource_fenced', 'The removal of this resource has begun.');
  if (resource.store_id) {
    const [row] = await rows<StoreRow>(em)`
      select id, ordinal, database_name from data_stores where id = ${resource.store_id}`;
    return row ? storeOf(row) : null;
  }
  const [row] = await rows<StoreRow>(em)`
    update data_stores set tenant_count = tenant_count + 1
    where id = (
      select id from data_stores
      where region = ${region} and state = 'open' and tenant_count < max_tenants
      order by ordinal limit 1 for update)
    and tenant_count < max_tenants
    returning id, ordinal, database_name`;
  if (!row) return null;
  await rows(em)`update resources set store_id = ${row.id} where id = ${resourceId}`;
  return storeOf(row);
}
