import { listOnboardings } from '../routes/onboarding/listOnboardings.ts';
import { readOnboarding } from '../routes/onboarding/readOnboarding.ts';
import { startOnboarding } from '../routes/onboarding/startOnboarding.ts';
import { skipOnboardingItem } from '../routes/onboarding/skipOnboardingItem.ts';
import { remindOfOnboarding } from '../routes/onboarding/remindOfOnboarding.ts';
import { listOnboardingPlans } from '../routes/onboarding/listOnboardingPlans.ts';
import { updateOnboardingPlan } from '../routes/onboarding/updateOnboardingPlan.ts';
import { readPortalOnboarding } from '../routes/portalOnboarding/readPortalOnboarding.ts';
import { completeOnboardingItem } from '../routes/portalOnboarding/completeOnboardingItem.ts';
import { skipPortalOnboardingItem } from '../routes/portalOnboarding/skipPortalOnboardingItem.ts';
import { choosePortalMailDomain } from '../routes/portalOnboarding/choosePortalMailDomain.ts';
import { verifyPortalMailDomain } from '../routes/portalOnboarding/verifyPortalMailDomain.ts';
import { setPortalBillingContact } from '../routes/portalOnboarding/setPortalBillingContact.ts';
import { loadPortalSampleData } from '../routes/portalOnboarding/loadPortalSampleData.ts';
import { readSignUpOffer } from '../routes/signUps/readSignUpOffer.ts';
import { createSignUp } from '../routes/signUps/createSignUp.ts';
import { checkSignUpLink } from '../routes/signUps/checkSignUpLink.ts';
import { proveSignUp } from '../routes/signUps/proveSignUp.ts';
import { listSignUps } from '../routes/signUps/listSignUps.ts';
import { approveSignUp } from '../routes/signUps/approveSignUp.ts';
import { refuseSignUp } from '../routes/signUps/refuseSignUp.ts';
import { readSignUpSettings } from '../routes/signUps/readSignUpSettings.ts';
import { updateSignUpSettings } from '../routes/signUps/updateSignUpSettings.ts';

/** How tenants begin: their onboarding, and sign-up by themselves. */
export const onboardingRoutes = {
  listOnboardings,
  readOnboarding,
  startOnboarding,
  skipOnboardingItem,
  remindOfOnboarding,
  listOnboardingPlans,
  updateOnboardingPlan,
  readPortalOnboarding,
  completeOnboardingItem,
  skipPortalOnboardingItem,
  choosePortalMailDomain,
  verifyPortalMailDomain,
  setPortalBillingContact,
  loadPortalSampleData,
  readSignUpOffer,
  createSignUp,
  checkSignUpLink,
  proveSignUp,
  listSignUps,
  approveSignUp,
  refuseSignUp,
  readSignUpSettings,
  updateSignUpSettings,
};
