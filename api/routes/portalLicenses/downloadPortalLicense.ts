import { licenseFileOf } from '#domain/licenses/licenseFile.ts';
import { refuseForeignLicense } from '#domain/licenses/viewing/viewPortalLicenses.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineDownload, LicenseParams } from '../../route.ts';

/** In the clear: whoever administers the tenant installs it. */
export const downloadPortalLicense = defineDownload({
  method: 'get',
  path: '/api/v1/portals/{slug}/licenses/{licenseId}/file',
  summary: 'Download the signed file of a licence of this tenant',
  permission: 'portal',
  portal: 'licenses:download',
  params: PortalParams.extend(LicenseParams.shape),
  download: { types: ['text/plain; charset=utf-8'] },
  errors: ['not_found', 'license_over'],
  async handle({ params: { licenseId } }, { em, door, platform }) {
    await refuseForeignLicense(em, door.tenantId, licenseId);
    const { fileName, text } = await licenseFileOf(em, platform.tenantKeys, { licenseId, encrypted: false });
    return { type: 'text/plain; charset=utf-8', fileName, pieces: whole(text) };
  },
});

async function* whole(text: string): AsyncIterable<string> {
  yield text;
}
