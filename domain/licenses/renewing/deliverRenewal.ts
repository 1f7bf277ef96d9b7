import type { RunRef } from '#contracts/workflowInputs.ts';
import { isoOf } from '../../isoOf.ts';
import { queueMail } from '../../mails/outbox.ts';
import { queueNotices } from '../../notifications/queueNotifications.ts';
import type { Platform } from '../../platform.ts';
import { moveRun, type Ledger } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { adminOf } from '../../tenants/viewTenant.ts';
import { licenseFileOf } from '../licenseFile.ts';
import { findLicense } from '../licenseRow.ts';
import { renewedMail } from './renewalMails.ts';
import { onRenewal, tellOfRenewal } from './renewalRow.ts';

/**
 * Sends the new file to the tenant's administrator, once, and tells whoever listens. Where nobody is named, or the licence was revoked since,
 * the event alone says so: the file can be fetched by who may.
 */
export async function deliverRenewal(
  ledger: Ledger,
  { installation, tenantKeys }: Pick<Platform, 'installation' | 'tenantKeys'>,
  ref: RunRef,
): Promise<void> {
  // Keys are read before the transaction, which then asks for no second connection.
  await tenantKeys.find(ref.tenantId);
  await onRenewal(ledger, ref, async (em, run, renewal) => {
    if (renewal.delivered_at !== null) return;
    await rows(em)`select 1 from licenses where id = ${renewal.license_id} for update`;
    const licence = await findLicense(em, renewal.license_id);
    const [tenant] = await rows<{ admin_sealed: Buffer | null }>(em)`
      select admin_sealed from tenants where id = ${renewal.tenant_id}`;
    const admin = await adminOf(tenantKeys, { id: renewal.tenant_id, adminSealed: tenant?.admin_sealed ?? null });
    const hasFile = licence.claims !== null && (licence.state === 'active' || licence.state === 'suspended');
    if (admin && hasFile) {
      const { text } = await licenseFileOf(em, tenantKeys, { licenseId: licence.id, encrypted: false });
      const mail = renewedMail({ admin, product: licence.product, until: renewal.quote.until, file: text });
      await queueMail(em, installation.keyring, admin.email, mail, renewal.tenant_id);
    }
    await rows(em)`update license_renewals set delivered_at = now() where id = ${renewal.id}`;
    const { product, expires_at: expiresAt } = licence;
    await queueNotices(em, [
      {
        kind: 'license_renewed',
        tenantId: renewal.tenant_id,
        licenseId: licence.id,
        product,
        endsAt: isoOf(expiresAt ?? renewal.quote.until),
        renewalId: renewal.id,
      },
    ]);
    await tellOfRenewal(em, renewal, 'delivered', run.actor, { byMail: admin !== null && hasFile });
  });
}

/** The end: what was asked for is done. */
export const closeRenewed = (ledger: Ledger, ref: RunRef): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    if (run.state === 'succeeded') return { changed: false, result: undefined };
    await rows(em)`
      update license_renewals set state = 'done', ended_at = now() where run_id = ${run.id} and state = 'open'`;
    if (run.state === 'queued') await moveRun(em, run, 'running');
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: undefined };
  });
