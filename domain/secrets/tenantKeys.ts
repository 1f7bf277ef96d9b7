import { randomUUID } from 'node:crypto';
import type { Registry, Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { seal, unseal, type Keyring } from './keyring.ts';

export interface TenantKey {
  id: string;
  key: Buffer;
}

const keptInMemory = 5_000;

/** The tenants' own keys: what is sealed with one is gone for good once its key is shredded. */
export class TenantKeys {
  readonly #registry: Registry;
  readonly #keyring: Keyring;
  readonly #byTenant = new Map<string, TenantKey>();

  constructor(registry: Registry, keyring: Keyring) {
    this.#registry = registry;
    this.#keyring = keyring;
  }

  /** In the transaction that creates the tenant. */
  async create(em: Sql, tenantId: string): Promise<TenantKey> {
    const id = randomUUID();
    const { key, wrapped } = this.#keyring.newWrappedKey(id);
    await rows(em)`insert into tenant_keys (id, tenant_id, wrapped) values (${id}, ${tenantId}, ${wrapped})`;
    return { id, key };
  }

  /** Null when the tenant never had a key, or it was shredded. */
  async find(tenantId: string): Promise<TenantKey | null> {
    const known = this.#byTenant.get(tenantId);
    if (known) return known;
    const [row] = await rows<{ id: string; wrapped: Buffer | null }>(this.#registry.em.fork())`
      select id, wrapped from tenant_keys where tenant_id = ${tenantId}`;
    if (!row?.wrapped) return null;
    const found = { id: row.id, key: this.#keyring.unwrap(row.id, row.wrapped) };
    if (this.#byTenant.size >= keptInMemory) this.#byTenant.delete(this.#byTenant.keys().next().value ?? '');
    this.#byTenant.set(tenantId, found);
    return found;
  }

  async of(tenantId: string): Promise<TenantKey> {
    const key = await this.find(tenantId);
    if (!key) throw new Error(`tenant ${tenantId} has no key`);
    return key;
  }

  /** `context` says what it is, so that one sealed value cannot be passed off as another. */
  async sealFor(tenantId: string, text: string, context: string): Promise<Buffer> {
    return seal((await this.of(tenantId)).key, Buffer.from(text), `${tenantId}/${context}`);
  }

  async unsealFor(tenantId: string, sealed: Buffer, context: string): Promise<string> {
    return unseal((await this.of(tenantId)).key, sealed, `${tenantId}/${context}`).toString();
  }
}

/** The same with a key just made, whose row is not committed yet. */
export const sealWith = (key: TenantKey, tenantId: string, text: string, context: string): Buffer =>
  seal(key.key, Buffer.from(text), `${tenantId}/${context}`);
