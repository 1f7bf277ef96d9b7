import { randomUUID } from 'node:crypto';
import type { Registry, Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { seal, unseal, type Keyring } from './keyring.ts';

export interface TenantKey {
  id: string;
  key: Buffer;
}

const keptInMemory = 5_000;
/** After this a key is read again: one that was destroyed is forgotten by every process, whether it heard of that or not. */
export const keysKeptMs = 5_000;

interface KeptKey extends TenantKey {
  until: number;
}

/** The tenants' own keys: what is sealed with one is gone for good once its key is shredded. */
export class TenantKeys {
  readonly #registry: Registry;
  readonly #keyring: Keyring;
  readonly #byTenant = new Map<string, KeptKey>();
  #timer: NodeJS.Timeout | null = null;

  constructor(registry: Registry, keyring: Keyring) {
    this.#registry = registry;
    this.#keyring = keyring;
  }

  /** What this process remembers of a key goes at once. */
  forget(tenantId: string): void {
    this.#byTenant.delete(tenantId);
  }

  /** One that nobody asks for any more does not stay in memory either. The oldest come first. */
  #forgetOld(): void {
    this.#timer = null;
    const now = performance.now();
    for (const [tenantId, { until }] of this.#byTenant) {
      if (until > now) break;
      this.#byTenant.delete(tenantId);
    }
    if (this.#byTenant.size > 0) this.#armForgetting();
  }

  #armForgetting(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#forgetOld(), keysKeptMs).unref();
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
    const now = performance.now();
    const known = this.#byTenant.get(tenantId);
    if (known && known.until > now) return known;
    await this.load([tenantId]);
    return this.#byTenant.get(tenantId) ?? null;
  }

  /** Reads the keys of many tenants in one statement, before a transaction that needs them: inside it each would want another connection. */
  async load(tenantIds: readonly string[]): Promise<void> {
    const wanted = [...new Set(tenantIds)];
    const found = await rows<{ tenant_id: string; id: string; wrapped: Buffer | null }>(this.#registry.em.fork())`
      select tenant_id, id, wrapped from tenant_keys where tenant_id = any(${wanted}::uuid[])`;
    const until = performance.now() + keysKeptMs;
    for (const tenantId of wanted) this.#byTenant.delete(tenantId);
    for (const { tenant_id: tenantId, id, wrapped } of found) {
      if (!wrapped) continue;
      if (this.#byTenant.size >= keptInMemory) this.#byTenant.delete(this.#byTenant.keys().next().value ?? '');
      this.#byTenant.set(tenantId, { id, key: this.#keyring.unwrap(id, wrapped), until });
    }
    this.#armForgetting();
  }

  async of(tenantId: string): Promise<TenantKey> {
    const key = await this.find(tenantId);
    if (!key) throw new Error(`tenant ${tenantId} has no key`);
    return key;
  }

  /** What finds a person of the tenant by the mail address; no key of the tenant is needed to find. */
  addressIndex(tenantId: string, email: string): string {
    return this.#keyring.addressIndex(tenantId, email.trim().toLowerCase());
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
