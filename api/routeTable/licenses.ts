import { createLicensePolicyVersion } from '../routes/licensePolicies/createLicensePolicyVersion.ts';
import { listLicensePolicies } from '../routes/licensePolicies/listLicensePolicies.ts';
import { listLicenseProducts } from '../routes/licenseKeys/listLicenseProducts.ts';
import { readLicenseKeys } from '../routes/licenseKeys/readLicenseKeys.ts';
import { readRevocationList } from '../routes/licenseKeys/readRevocationList.ts';
import { reissueLicensesOfKey } from '../routes/licenseKeys/reissueLicensesOfKey.ts';
import { rotateLicenseKey } from '../routes/licenseKeys/rotateLicenseKey.ts';
import { readLicensePolicy } from '../routes/licensePolicies/readLicensePolicy.ts';
import { readLicensePolicyVersion } from '../routes/licensePolicies/readLicensePolicyVersion.ts';
import { readPlanLicensing } from '../routes/licensePolicies/readPlanLicensing.ts';
import { updatePlanLicensing } from '../routes/licensePolicies/updatePlanLicensing.ts';
import { listLicenses } from '../routes/licenses/listLicenses.ts';
import { listLicenseDues } from '../routes/licenses/listLicenseDues.ts';
import { issueLicense } from '../routes/licenses/issueLicense.ts';
import { readLicense } from '../routes/licenses/readLicense.ts';
import { readLicenseKey } from '../routes/licenses/readLicenseKey.ts';
import { downloadLicense } from '../routes/licenses/downloadLicense.ts';
import { suspendLicense } from '../routes/licenses/suspendLicense.ts';
import { reinstateLicense } from '../routes/licenses/reinstateLicense.ts';
import { revokeLicense } from '../routes/licenses/revokeLicense.ts';
import { reissueLicense } from '../routes/licenses/reissueLicense.ts';
import { overrideLicenseEntitlement } from '../routes/licenses/overrideLicenseEntitlement.ts';
import { transferLicense } from '../routes/licenses/transferLicense.ts';
import { validateLicense } from '../routes/licenseUses/validateLicense.ts';
import { checkOutLicense } from '../routes/licenseUses/checkOutLicense.ts';
import { listLicenseUses } from '../routes/licenseUses/listLicenseUses.ts';
import { takeLicenseUseAway } from '../routes/licenseUses/takeLicenseUseAway.ts';
import { listLicenseHistory } from '../routes/licenses/listLicenseHistory.ts';
import { downloadPortalLicense } from '../routes/portalLicenses/downloadPortalLicense.ts';
import { listPortalLicenses } from '../routes/portalLicenses/listPortalLicenses.ts';
import { heartbeatLicense } from '../routes/licenseUses/heartbeatLicense.ts';
import { checkInLicense } from '../routes/licenseUses/checkInLicense.ts';
import { tellLicenseUsage } from '../routes/licenseUsage/tellLicenseUsage.ts';
import { readLicenseMeters } from '../routes/licenseUsage/readLicenseMeters.ts';
import { readLicenseAnalytics } from '../routes/licenseAnalytics/readLicenseAnalytics.ts';
import { readLicenseUsage } from '../routes/licenseAnalytics/readLicenseUsage.ts';
import { readLicenseSeats } from '../routes/licenseAnalytics/readLicenseSeats.ts';
import { exportLicenseReport } from '../routes/licenseAnalytics/exportLicenseReport.ts';

/** What tenants are granted, signed, for a time. */
export const licensesRoutes = {
  // Before those with a licence's id at this place of the path.
  validateLicense,
  checkOutLicense,
  heartbeatLicense,
  checkInLicense,
  tellLicenseUsage,
  readLicenseAnalytics,
  readLicenseUsage,
  readLicenseSeats,
  exportLicenseReport,
  listLicensePolicies,
  readLicensePolicy,
  readLicensePolicyVersion,
  createLicensePolicyVersion,
  readPlanLicensing,
  updatePlanLicensing,
  listLicenseProducts,
  readLicenseKeys,
  rotateLicenseKey,
  reissueLicensesOfKey,
  readRevocationList,
  listLicenses,
  issueLicense,
  readLicense,
  listLicenseDues,
  readLicenseKey,
  downloadLicense,
  suspendLicense,
  reinstateLicense,
  revokeLicense,
  reissueLicense,
  overrideLicenseEntitlement,
  transferLicense,
  listLicenseUses,
  takeLicenseUseAway,
  listLicenseHistory,
  listPortalLicenses,
  downloadPortalLicense,
  readLicenseMeters,
};
