import { listLicensePrices } from '../routes/billing/listLicensePrices.ts';
import { readTenantBilling } from '../routes/billing/readTenantBilling.ts';
import { setLicensePrice } from '../routes/billing/setLicensePrice.ts';
import { takeStripeMessage } from '../routes/billing/takeStripeMessage.ts';
import { updateTenantBilling } from '../routes/billing/updateTenantBilling.ts';
import { cancelLicenseAtTermEnd } from '../routes/renewals/cancelLicenseAtTermEnd.ts';
import { keepLicense } from '../routes/renewals/keepLicense.ts';
import { listLicenseRenewals } from '../routes/renewals/listLicenseRenewals.ts';
import { quoteLicenseRenewal } from '../routes/renewals/quoteLicenseRenewal.ts';
import { readLicenseRenewal } from '../routes/renewals/readLicenseRenewal.ts';
import { renewLicense } from '../routes/renewals/renewLicense.ts';
import { settleRenewalPayment } from '../routes/renewals/settleRenewalPayment.ts';

/** How licences go on, and what that costs. */
export const renewalsRoutes = {
  listLicensePrices,
  setLicensePrice,
  readTenantBilling,
  updateTenantBilling,
  quoteLicenseRenewal,
  renewLicense,
  listLicenseRenewals,
  readLicenseRenewal,
  settleRenewalPayment,
  cancelLicenseAtTermEnd,
  keepLicense,
  takeStripeMessage,
};
