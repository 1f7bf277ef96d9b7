import { LicensesReissueStarted } from '#contracts/licenses/keys.ts';
import { openReissue } from '#domain/licenses/reissuing/reissueAll.ts';
import { defineRoute } from '../../route.ts';
import { ProductKeyParams } from './productParams.ts';

export const reissueLicensesOfKey = defineRoute({
  method: 'post',
  path: '/api/v1/license-products/{product}/keys/{kid}/reissue',
  summary: 'Sign every licence of a key anew, and revoke what it signed: after it was compromised',
  permission: 'licenses:policies',
  stepUp: true,
  params: ProductKeyParams,
  idempotent: true,
  success: { status: 202, body: LicensesReissueStarted },
  errors: ['not_found', 'license_key_current', 'run_in_progress'],
  async handle({ params: { product, kid }, actor }, { once, platform: { installation }, workflows }) {
    const started = await once((em) => openReissue(em, installation, { product, kid, now: new Date() }, actor));
    await workflows.start(started.runId);
    return { product, kid, ...started };
  },
});
