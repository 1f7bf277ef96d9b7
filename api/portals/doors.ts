import { DomainError } from '#contracts/errors.ts';
import { tenantRealm, type Realm } from '#domain/people/realm.ts';
import type { Platform } from '#domain/platform.ts';
import { base32OfId } from '#domain/resources/names.ts';
import type { TenantKey } from '#domain/secrets/tenantKeys.ts';
import { findOpenPortal } from '#domain/tenants/openTenants.ts';
import type { Access } from '../access/access.ts';
import { portalCookiesOf, type Cookies } from '../signIn/cookies.ts';

const keptMs = 5_000;
const mostKept = 10_000;

interface OpenPortal {
  tenantId: string;
  name: string;
}

/** The open front door of a tenant: whose people go in and out, and by which cookies they are known. */
export interface Door {
  tenantId: string;
  name: string;
  slug: string;
  realm: Realm;
  /** Seals what events tell of where its people ask from. */
  key: TenantKey;
  cookies: Cookies;
}

/**
 * The doors as this process knows them: where an address leads is read from memory for some seconds, and all of it is dropped as soon as
 * something was taken away from anybody, a tenant's doors among it. While what is remembered cannot be trusted, nothing is.
 */
export class Doors {
  readonly #platform: Platform;
  readonly #access: Access;
  readonly #kept = new Map<string, { portal: OpenPortal; until: number }>();
  readonly #stop: () => void;
  /** Grows with everything that is dropped, so that an answer asked for before is not kept after it. */
  #generation = 0;

  constructor(platform: Platform, access: Access) {
    this.#platform = platform;
    this.#access = access;
    this.#stop = access.onChange(() => {
      this.#generation += 1;
      this.#kept.clear();
    });
  }

  /**
   * Opens the door at an address. Refuses with `not_found` where there is none, or none yet, or none any more; with `tenant_suspended`;
   * and, where the tenant has moved, with `tenant_moved`, which tells where it is now.
   *
   * @param path what is asked for, as the browser sent it
   */
  async open(slug: string, path: string): Promise<Door> {
    const portal = await this.#portalAt(slug).catch((error: unknown) => {
      throw error instanceof DomainError && error.code === 'tenant_moved' ? whereNow(error, slug, path) : error;
    });
    const key = portal && (await this.#platform.tenantKeys.find(portal.tenantId));
    if (!portal || !key) throw new DomainError('not_found', 'There is no portal at this address.');
    const { tenantId, name } = portal;
    const realm = tenantRealm(this.#platform, { tenantId, name, slug }, key);
    const cookies = portalCookiesOf(this.#platform.configuration.publicUrl, base32OfId(tenantId));
    return { tenantId, name, slug, realm, key, cookies };
  }

  stop(): void {
    this.#stop();
  }

  async #portalAt(slug: string): Promise<OpenPortal | null> {
    const kept = this.#kept.get(slug);
    const now = Date.now();
    const isTrusted = this.#access.isTrusted;
    if (kept && isTrusted && kept.until > now) return kept.portal;
    this.#kept.delete(slug);
    const generation = this.#generation;
    const portal = await findOpenPortal(this.#platform.registry.em.fork(), slug);
    // What is not open may be so in a moment, by another process: only open doors are remembered.
    if (portal && isTrusted && generation === this.#generation) {
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
      this.#kept.set(slug, { portal, until: now + keptMs });
    }
    return portal;
  }
}

/** The same question under the address that the tenant has now. */
const whereNow = ({ code, publicMessage, extra }: DomainError, slug: string, path: string): DomainError =>
  new DomainError(code, publicMessage, {
    extra: { ...extra, location: path.replace(`/portals/${slug}`, `/portals/${String(extra['slug'])}`) },
  });
