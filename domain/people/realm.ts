import type { LinkPurpose } from '#contracts/identity/links.ts';
import type { Sql } from '../database.ts';
import type { Platform } from '../platform.ts';
import { unseal, type Keyring } from '../secrets/keyring.ts';
import { sealWith, type TenantKey, type TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';

/** How somebody is called and reached, in clear. */
export interface Profile {
  email: string;
  name: string | null;
}

/** The same as a row of `users` keeps it. */
export interface KeptProfile {
  email: string;
  name: string | null;
  sealed_profile: Buffer | null;
}

/**
 * Whose people they are: those of the platform, or of one tenant. Whatever lets people in is the same code for all of them and asks
 * this what is different: where they are found, how their addresses rest, what mails call the place and where links lead.
 */
export interface Realm {
  /** Null for the platform's own people; what `users.tenant_id` of everybody here is. */
  readonly tenantId: string | null;
  /** In mails and in authenticator apps. */
  readonly name: string;
  /** Seals what waits to be used once: mails, addresses to be confirmed, secrets of factors. */
  readonly keyring: Keyring;
  /** One account has one spelling, and in each realm another name; limits on guessing count by it. */
  accountOf(email: string): string;
  /** What `users.email` holds of who has this address. */
  indexOf(email: string): string;
  /** What is kept of a profile. */
  keep(userId: string, profile: Profile): KeptProfile;
  /** What can be read again. */
  open(userId: string, kept: KeptProfile): Profile;
  /** The token is in the fragment: browsers send it to no server, so no log holds it. */
  linkUrl(purpose: LinkPurpose, token: string): string;
  readonly forgotPasswordUrl: string;
}

/** Where the pages take them. */
const paths: Record<LinkPurpose, string> = {
  invitation: '/accept-invitation',
  password_reset: '/reset-password',
  recovery: '/reset-password',
  mail_change: '/confirm-email',
};
const portalPaths: Record<LinkPurpose, string> = { ...paths, invitation: '/accept' };

/** For whoever makes links without a control plane at hand. */
export const platformLinkUrl = (publicUrl: string, purpose: LinkPurpose, token: string): string =>
  `${publicUrl}${paths[purpose]}#${token}`;

const oneSpelling = (email: string): string => email.trim().toLowerCase();

export interface Ground {
  installation: Pick<Platform['installation'], 'keyring'>;
  configuration: Pick<Platform['configuration'], 'publicUrl'>;
}

/** The people who work with this control plane. */
export function platformRealm({ installation, configuration }: Ground): Realm {
  const { publicUrl } = configuration;
  return {
    tenantId: null,
    name: 'Tenantry',
    keyring: installation.keyring,
    accountOf: oneSpelling,
    indexOf: oneSpelling,
    keep: (_userId, { email, name }) => ({ email: oneSpelling(email), name, sealed_profile: null }),
    open: (_userId, { email, name }) => ({ email, name }),
    linkUrl: (purpose, token) => platformLinkUrl(publicUrl, purpose, token),
    forgotPasswordUrl: `${publicUrl}/forgot-password`,
  };
}

/** A tenant as its people know it. */
export interface RealmTenant {
  tenantId: string;
  name: string;
  slug: string;
}

/** The people of a tenant. Once its key is shredded, nothing of them can be read. */
export function tenantRealm(
  { installation: { keyring }, configuration: { publicUrl } }: Ground,
  { tenantId, name, slug }: RealmTenant,
  key: TenantKey,
): Realm {
  const accountOf = (email: string) => `${tenantId}/${oneSpelling(email)}`;
  const portal = `${publicUrl}/portal/${slug}`;
  return {
    tenantId,
    name,
    keyring,
    accountOf,
    indexOf: (email) => keyring.addressIndex(tenantId, oneSpelling(email)),
    keep: (userId, profile) => {
      const email = oneSpelling(profile.email);
      const text = JSON.stringify({ email, name: profile.name } satisfies Profile);
      return {
        email: keyring.addressIndex(tenantId, email),
        name: null,
        sealed_profile: sealWith(key, tenantId, text, contextOf(userId)),
      };
    },
    open: (userId, { sealed_profile: sealed }) => {
      if (!sealed) throw new Error(`user ${userId} is nobody of a tenant`);
      return unsealProfile(key, { id: userId, tenantId, sealed });
    },
    linkUrl: (purpose, token) => `${portal}${portalPaths[purpose]}#${token}`,
    forgotPasswordUrl: `${portal}/forgot-password`,
  };
}

const contextOf = (userId: string): string => `member/${userId}`;

const unsealProfile = (key: TenantKey, of: { id: string; tenantId: string; sealed: Buffer }): Profile =>
  JSON.parse(unseal(key.key, of.sealed, `${of.tenantId}/${contextOf(of.id)}`).toString()) as Profile;

/** The profile of anybody, whosever they are; null when the key of their tenant is gone. */
export async function openProfile(
  keys: TenantKeys,
  {
    id,
    tenant_id: tenantId,
    sealed_profile: sealed,
    email,
    name,
  }: KeptProfile & { id: string; tenant_id: string | null },
): Promise<Profile | null> {
  if (tenantId === null || sealed === null) return { email, name };
  const key = await keys.find(tenantId);
  return key && unsealProfile(key, { id, tenantId, sealed });
}

/** The realm of a tenant that holds an address and a key; null for one that is not there yet, or not any more. */
export async function findTenantRealm(
  em: Sql,
  platform: Ground & Pick<Platform, 'tenantKeys'>,
  tenantId: string,
): Promise<Realm | null> {
  const [tenant] = await rows<{ name: string; slug: string }>(em)`
    select t.name, a.slug from tenants t join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where t.id = ${tenantId}`;
  const key = tenant && (await platform.tenantKeys.find(tenantId));
  return tenant && key ? tenantRealm(platform, { tenantId, ...tenant }, key) : null;
}
