import type { CertificateFile } from '#contracts/offboarding/certificate.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.params.id;
  const file = await read<CertificateFile>(
    event,
    `/api/v1/tenants/${encodeURIComponent(tenantId)}/erasure-certificate`,
  );
  return { file, tenantId };
};
