import { z } from 'zod';
import { SecondFactorWanted } from '#contracts/identity/signIn.ts';
import { PortalSession } from '#contracts/portal/session.ts';
import { atPortal } from '../portals/atPortal.ts';
import { identityRoutes as of } from './identity.ts';

/** How people of a tenant come in and look after their sign-in: the platform's own routes, at the tenant's front door. */
export const portalIdentityRoutes = {
  createPortalSession: atPortal(of.createSession, z.union([PortalSession, SecondFactorWanted])),
  deletePortalSession: atPortal(of.deleteSession),
  answerPortalSecondFactor: atPortal(of.answerSecondFactor, PortalSession),
  askForPortalSecondFactor: atPortal(of.askForSecondFactor),
  askForPortalSignInPasskey: atPortal(of.askForSignInPasskey),
  signInToPortalByPasskey: atPortal(of.signInByPasskey, PortalSession),
  confirmPortalSession: atPortal(of.confirmSession, PortalSession),
  askForPortalConfirmation: atPortal(of.askForConfirmation),
  listPortalSessions: atPortal(of.listSessions),
  revokePortalSession: atPortal(of.revokeSession),
  revokeOtherPortalSessions: atPortal(of.revokeOtherSessions),
  readPortalAccount: atPortal(of.readAccount),
  updatePortalAccount: atPortal(of.updateAccount),
  changePortalPassword: atPortal(of.changePassword, PortalSession),
  changePortalEmail: atPortal(of.changeEmail),
  withdrawPortalEmailChange: atPortal(of.withdrawEmailChange),
  beginPortalTotp: atPortal(of.beginTotp),
  confirmPortalTotp: atPortal(of.confirmTotp),
  removePortalTotp: atPortal(of.removeTotp),
  renewPortalRecoveryCodes: atPortal(of.renewRecoveryCodes),
  offerPortalPasskey: atPortal(of.offerPasskey),
  addPortalPasskey: atPortal(of.addPasskey),
  updatePortalPasskey: atPortal(of.updatePasskey),
  removePortalPasskey: atPortal(of.removePasskey),
  checkPortalLink: atPortal(of.checkLink),
  acceptPortalInvitation: atPortal(of.acceptInvitation, PortalSession),
  resetPortalPassword: atPortal(of.resetPassword),
  confirmPortalEmail: atPortal(of.confirmEmail),
  askForPortalPasswordReset: atPortal(of.askForPasswordReset),
};
