import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import { lines, moment } from '../mails/texts.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { exportUrlOf } from './exportLinks.ts';

/** Hands the link to the tenant's administrator. Nobody is named: then the platform hands it over. The key was read before. */
export async function mailOfExport(
  em: Sql,
  { installation, tenantKeys, configuration }: Pick<Platform, 'installation' | 'tenantKeys' | 'configuration'>,
  tenantId: string,
  { token, expiresAt }: { token: string; expiresAt: string },
): Promise<void> {
  const [tenant] = await rows<{ admin_sealed: Buffer | null }>(
    em,
  )`select admin_sealed from tenants where id = ${tenantId}`;
  const admin = await adminOf(tenantKeys, { id: tenantId, adminSealed: tenant?.admin_sealed ?? null });
  if (!admin) return;
  await queueMail(
    em,
    installation.keyring,
    admin.email,
    {
      kind: 'tenant_export',
      subject: 'A copy of everything that was kept for you',
      text: lines(
        'Your organisation leaves, and everything that was kept for it is going to be erased.',
        '',
        `A copy of all of it can be fetched here: ${exportUrlOf(configuration.publicUrl, token)}`,
        '',
        `The link is good until ${moment(expiresAt)}. Whoever has it can fetch the copy: hand it on with care.`,
      ),
    },
    tenantId,
  );
}
