import { LicenseToValidate, LicenseValidation } from '#contracts/licenses/uses.ts';
import { validateLicense as validate } from '#domain/licenses/using/validateLicense.ts';
import { countValidation } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute } from '../../route.ts';

/** An answer and no refusal, whatever the licence is worth: whoever asks is a program that decides by it. */
export const validateLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/validate',
  summary: 'Say what a licence is worth now, by its id or by the key that people type',
  permission: 'licenses:use',
  scope: 'reach',
  body: LicenseToValidate,
  success: { status: 200, body: LicenseValidation },
  errors: [],
  async handle({ body, reach }, context) {
    const { licenseLookup: lookup, platform } = context;
    const { keyring } = platform.installation;
    const validation = await validate({ lookup, keyring, em: () => context.em }, body, reach, new Date());
    countValidation(validation.code);
    return validation;
  },
});
