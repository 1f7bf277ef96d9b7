import type { Sql } from '../../database.ts';
import { lines, moment } from '../../mails/texts.ts';
import { queueMails, type MailText, type MailTo } from '../../mails/outbox.ts';
import { isoOf } from '../../isoOf.ts';
import type { Platform } from '../../platform.ts';
import { adminOf } from '../../tenants/viewTenant.ts';
import type { DueLicense } from './dueRows.ts';
import type { PassedOver } from './ladder.ts';

export type Told = Pick<Platform, 'installation' | 'tenantKeys' | 'configuration'>;

const dayMs = 86_400_000;

/** Why nobody is written to about this licence at this time; null: somebody is. */
export function whyNobody({
  state,
  tenant_state: tenant,
  while_suspended: rule,
}: Pick<DueLicense, 'state' | 'tenant_state' | 'while_suspended'>): PassedOver | null {
  if (tenant !== 'active' && tenant !== 'suspended') return 'tenant_leaving';
  const isSuspended = state === 'suspended' || tenant === 'suspended';
  return isSuspended && rule === 'silent' ? 'suspended' : null;
}

/**
 * Queues a mail for the administrator of each licence's tenant; where nobody is named, none. The tenants' keys were read before: inside
 * the transaction they would want second connections.
 *
 * @returns the licences of which somebody is written to
 */
export async function mailAdmins(
  em: Sql,
  { installation, tenantKeys, configuration }: Told,
  wanted: readonly { licence: DueLicense; text: MailText }[],
): Promise<ReadonlySet<string>> {
  const mails: MailTo[] = [];
  const written = new Set<string>();
  for (const { licence, text } of wanted) {
    const { id, tenant_id: tenantId, admin_sealed: adminSealed, slug } = licence;
    const admin = await adminOf(tenantKeys, { id: tenantId, adminSealed });
    if (!admin) continue;
    const portal = slug === null ? [] : ['', `Your portal: ${configuration.publicUrl}/portal/${slug}`];
    mails.push({ to: admin.email, tenantId, ...text, text: `${text.text}${lines(...portal)}` });
    written.add(id);
  }
  await queueMails(em, installation.keyring, mails);
  return written;
}

/** Says what is true when it is sent, also when it is sent late. */
export function reminderMail(licence: DueLicense, now: Date): MailText {
  const { product, tenant_name: tenant, expires_at: expiresAt, over_at: overAt, renews_by_itself: renews } = licence;
  const end = new Date(expiresAt!);
  const apart = Math.abs(end.getTime() - now.getTime()) / dayMs;
  if (now < end) {
    const left = Math.ceil(apart);
    return {
      kind: 'license',
      subject: `The licence of ${product} ends in ${left} ${left === 1 ? 'day' : 'days'}`,
      text: lines(
        `The licence of ${product} for ${tenant} ends on ${moment(isoOf(end))}.`,
        '',
        renews ? 'It is to be renewed before; you need not do anything.' : 'Renew it before, so that nothing stops.',
      ),
    };
  }
  const gone = Math.floor(apart);
  return {
    kind: 'license',
    subject: `The licence of ${product} ended ${gone === 0 ? 'today' : `${gone} ${gone === 1 ? 'day' : 'days'} ago`}`,
    text: lines(
      `The licence of ${product} for ${tenant} ended on ${moment(isoOf(end))}.`,
      ...(overAt !== null && now < new Date(overAt) ? ['', `It still counts until ${moment(isoOf(overAt))}.`] : []),
    ),
  };
}

const afterwards: Record<DueLicense['on_expiry'], string> = {
  block: 'From now on it lets nobody in.',
  degrade: 'From now on you can look at what is there, and change little.',
  log: 'Nothing is stopped by that.',
};

/** That it ended, or that its grace did. */
export function endMail(licence: DueLicense, kind: 'expiry' | 'grace_end'): MailText {
  const { product, tenant_name: tenant, expires_at: expiresAt, over_at: overAt, on_expiry: onExpiry } = licence;
  const [end, over] = [isoOf(expiresAt!), isoOf(overAt!)];
  const isInGrace = kind === 'expiry' && end !== over;
  return {
    kind: 'license',
    subject:
      kind === 'expiry' ? `The licence of ${product} has ended` : `The grace of the licence of ${product} is over`,
    text: lines(
      `The licence of ${product} for ${tenant} ended on ${moment(end)}.`,
      '',
      isInGrace ? `It still counts until ${moment(over)}; renew it before.` : afterwards[onExpiry],
    ),
  };
}
