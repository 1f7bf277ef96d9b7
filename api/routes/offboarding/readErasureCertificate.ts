import { CertificateFile } from '#contracts/offboarding/certificate.ts';
import { readCertificate } from '#domain/erasure/certificates.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readErasureCertificate = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/erasure-certificate',
  summary: 'The signed certificate of the erasure of a tenant, with the keys that verify it',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: CertificateFile },
  errors: ['not_found', 'certificate_not_ready'],
  handle: ({ params }, { em }) => readCertificate(em, params.tenantId),
});
