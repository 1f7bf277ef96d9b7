import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import type { OpenSuspension } from './suspensionRow.ts';

type Told = Pick<Platform, 'installation' | 'tenantKeys' | 'configuration'>;

/** The tenant's administrator reads the notice, never the reason: that one is the platform's. */
export const mailOfSuspension = (
  em: Sql,
  platform: Told,
  { tenantId, notice, endsAt }: OpenSuspension,
): Promise<void> =>
  send(em, platform, tenantId, (name) => ({
    subject: `${name} is suspended`,
    lines: [
      `Nobody can use ${name} for the time being: sign-ins, its API and its database are closed. Nothing of its data was touched.`,
      ...(notice ? ['', notice] : []),
      ...(endsAt ? ['', `It is to open again by itself at ${new Date(endsAt).toUTCString()}.`] : []),
    ],
  }));

export const mailOfResumption = (em: Sql, platform: Told, { tenantId }: OpenSuspension): Promise<void> =>
  send(em, platform, tenantId, (name, portal) => ({
    subject: `${name} is open again`,
    lines: [`${name} can be used again as before: ${portal}`],
  }));

async function send(
  em: Sql,
  { installation, tenantKeys, configuration }: Told,
  tenantId: string,
  write: (name: string, portal: string) => { subject: string; lines: string[] },
): Promise<void> {
  const [tenant] = await rows<{ name: string; slug: string | null; admin_sealed: Buffer | null }>(em)`
    select name, admin_sealed,
      (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from tenants t where id = ${tenantId}`;
  const admin = tenant && (await adminOf(tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed }));
  if (!tenant || !admin) return;
  const { subject, lines } = write(tenant.name, `${configuration.publicUrl}/portal/${tenant.slug}`);
  const text = `${lines.join('\n')}\n`;
  await queueMail(em, installation.keyring, admin.email, { kind: 'tenant_access', subject, text }, tenantId);
}
