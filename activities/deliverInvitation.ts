import type { Reason, StepInput } from '#contracts/workflowInputs.ts';
import { Tenant, TenantAddress } from '#domain/tenants/tenantRecord.ts';
import { adminOf } from '#domain/tenants/viewTenant.ts';
import type { Deps } from './deps.ts';

/** Why nobody was invited, when there was nobody to invite any more. */
const gone = { code: 'tenant_not_active', text: 'The tenant is not active any more; nobody was invited.' };
const nobody = { code: 'nobody_named', text: 'No admin is named any more; nobody was invited.' };

/** `invitation.send`: tells the tenant's admin that it is ready. The mail's id is the run's: sent twice, it is known as one. */
export const deliverInvitation = ({
  registry,
  tenantKeys,
  mail,
  configuration,
}: Pick<Deps, 'registry' | 'tenantKeys' | 'mail' | 'configuration'>) => ({
  async 'invitation.send'({ tenantId, runId }: StepInput): Promise<Reason | null> {
    const em = registry.em.fork();
    const tenant = await em.findOne(Tenant, { id: tenantId });
    const address = await em.findOne(TenantAddress, { tenantId, state: 'current' });
    if (tenant?.state !== 'active' || !address) return gone;
    const admin = await adminOf(tenantKeys, tenant);
    if (!admin) return nobody;
    const portal = `${configuration.publicUrl}/portal/${address.slug}`;
    await mail.send({
      id: runId,
      to: admin.name ? `"${admin.name.replaceAll(/["\\]/g, '')}" <${admin.email}>` : admin.email,
      subject: `${tenant.name} is ready`,
      text: [
        `${admin.name ? `Dear ${admin.name}` : 'Hello'},`,
        '',
        `${tenant.name} has been set up, and you are named as its administrator.`,
        `Its address is ${portal}`,
        '',
        'If you did not expect this message, you can ignore it.',
        '',
      ].join('\n'),
    });
    return null;
  },
});
