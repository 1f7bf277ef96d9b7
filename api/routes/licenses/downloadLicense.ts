import { z } from 'zod';
import { licenseFileOf } from '#domain/licenses/licenseFile.ts';
import { defineDownload, LicenseParams } from '../../route.ts';

export const downloadLicense = defineDownload({
  method: 'get',
  path: '/api/v1/licenses/{licenseId}/file',
  summary: 'Download the signed file of a licence, in the clear or for the holder of its key only',
  permission: 'licenses:issue',
  scope: 'license',
  params: LicenseParams,
  query: z.strictObject({ encrypted: z.enum(['true', 'false']).default('false') }),
  download: { types: ['text/plain; charset=utf-8'] },
  errors: ['not_found', 'license_over', 'tenant_not_active'],
  async handle({ params: { licenseId }, query }, { em, platform }) {
    const encrypted = query.encrypted === 'true';
    const { fileName, text } = await licenseFileOf(em, platform.tenantKeys, { licenseId, encrypted });
    return { type: 'text/plain; charset=utf-8', fileName, pieces: whole(text) };
  },
});

async function* whole(text: string): AsyncIterable<string> {
  yield text;
}
