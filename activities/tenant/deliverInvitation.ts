import type { Reason, StepInput } from '#contracts/workflowInputs.ts';
import { inviteAdmin } from '#domain/members/adminInvitation.ts';
import { adminInvitationMail } from '#domain/mails/texts.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { findTenantRealm } from '#domain/people/realm.ts';
import { Tenant } from '#domain/tenants/tenantRecord.ts';
import { adminOf } from '#domain/tenants/viewTenant.ts';
import type { Deps } from '../deps.ts';

/** Why nobody was invited, when there was nobody to invite any more. */
const gone = { code: 'tenant_not_active', text: 'The tenant is not active any more; nobody was invited.' };
const nobody = { code: 'nobody_named', text: 'No admin is named any more; nobody was invited.' };
const accepted = { code: 'person_not_invited', text: 'The tenant has an administrator already; nobody was invited.' };

/**
 * `invitation.send`: makes the named admin a member-to-be of the tenant's realm, and sends the one-time link to its portal. Mail and link
 * are the run's: sent twice, the mail is known as one, and the link in it is good whichever of the two arrived.
 */
export const deliverInvitation = ({
  registry,
  installation,
  tenantKeys,
  mail,
  configuration,
}: Pick<Deps, 'registry' | 'installation' | 'tenantKeys' | 'mail' | 'configuration'>) => ({
  async 'invitation.send'({ tenantId, runId }: StepInput): Promise<Reason | null> {
    const em = registry.em.fork();
    const tenant = await em.findOne(Tenant, { id: tenantId });
    const realm = await findTenantRealm(em, { installation, tenantKeys, configuration }, tenantId);
    if (tenant?.state !== 'active' || !realm) return gone;
    const admin = await adminOf(tenantKeys, tenant);
    if (!admin) return nobody;
    const token = installation.keyring.invitationToken(runId);
    const invited = await em.transactional((tx) =>
      inviteAdmin(tx, { ...realm, tenantId }, admin, { ...theSystem, requestId: runId }, token),
    );
    if (!invited) return accepted;
    const { subject, text } = adminInvitationMail({ ...invited, admin }, realm);
    await mail.send({
      id: runId,
      to: admin.name ? `"${admin.name.replaceAll(/["\\]/g, '')}" <${admin.email}>` : admin.email,
      subject,
      text,
    });
    return null;
  },
});
