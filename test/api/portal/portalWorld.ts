import { randomBytes } from 'node:crypto';
import type { QueryResultRow } from 'pg';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import type { Problem } from '#contracts/problems.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { ApiInstallation, ask, type Answer, type Asking } from '../apiInstallation.ts';
import { portalOf, TestAccount } from '../signIn/testAccount.ts';

/** A tenant whose doors are open, with somebody in each role; a word stands wherever its own texts stand. */
export interface PortalTenant {
  tenantId: string;
  slug: string;
  canary: string;
  people: Record<PortalRole, TestAccount>;
}

/** An API with two open tenants, as rows: nothing that portals ask needs a provider. */
export async function portalWorld() {
  const api = await ApiInstallation.start();
  const asAdmin = <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
    api.installation.asAdmin<Row>(null, text, values);

  async function openTenant(slug: string): Promise<PortalTenant> {
    const canary = `canary${randomBytes(6).toString('hex')}`;
    const admin = { email: `${canary}@customer.example`, name: canary };
    const { tenantId } = await api.installation.createTenant({ name: `Name ${canary}`, slug, admin });
    await asAdmin(`update tenants set state = 'active' where id = $1`, [tenantId]);
    await asAdmin(`update runs set state = 'succeeded', exclusive = false where tenant_id = $1`, [tenantId]);
    const tenant = { tenantId, slug };
    const join = (role: PortalRole) => TestAccount.joinTenant(api, tenant, role, `${role}.${canary}@customer.example`);
    const people = {
      'tenant-admin': await join('tenant-admin'),
      member: await join('member'),
      viewer: await join('viewer'),
    };
    return { ...tenant, canary, people };
  }

  const [ours, theirs] = [await openTenant('ours'), await openTenant('theirs')];
  return {
    api,
    asAdmin,
    ours,
    theirs,
    openTenant,
    /** At a portal, without a cookie unless one is given. */
    at: <Body = Problem>({ slug }: { slug: string }, method: string, path: string, asking: Asking = {}) =>
      ask<Body>(api.url, method, `/api/v1/portals/${slug}${path}`, asking),
    join: (tenant: PortalTenant, role?: PortalRole, email?: string) => TestAccount.joinTenant(api, tenant, role, email),
    place: portalOf,
    /** All that waits to be sent to this address; nobody else is sent it afterwards. */
    async mailsTo(email: string): Promise<{ subject: string; text: string; tenantId: string | null }[]> {
      await asAdmin(`update mails set next_attempt_at = now() where state = 'waiting'`);
      const { installation } = api;
      const mails = await takeDueMails(installation.em, installation.platform.installation.keyring, 1_000);
      return mails.filter(({ to }) => to === email);
    },
    async stop() {
      await api.stop();
    },
  };
}
export type PortalWorld = Awaited<ReturnType<typeof portalWorld>>;

export const codeOf = (answer: Answer<unknown>): string | undefined => (answer.body as Problem | undefined)?.code;
