import { claimOwner } from '../routes/session/claimOwner.ts';
import { createSession } from '../routes/session/createSession.ts';
import { readSession } from '../routes/session/readSession.ts';
import { deleteSession } from '../routes/session/deleteSession.ts';
import { answerSecondFactor } from '../routes/session/answerSecondFactor.ts';
import { askForSecondFactor } from '../routes/session/askForSecondFactor.ts';
import { askForSignInPasskey } from '../routes/session/askForSignInPasskey.ts';
import { signInByPasskey } from '../routes/session/signInByPasskey.ts';
import { confirmSession } from '../routes/session/confirmSession.ts';
import { askForConfirmation } from '../routes/session/askForConfirmation.ts';
import { listSessions } from '../routes/session/listSessions.ts';
import { revokeSession } from '../routes/session/revokeSession.ts';
import { revokeOtherSessions } from '../routes/session/revokeOtherSessions.ts';
import { readAccount } from '../routes/account/readAccount.ts';
import { updateAccount } from '../routes/account/updateAccount.ts';
import { changePassword } from '../routes/account/changePassword.ts';
import { changeEmail } from '../routes/account/changeEmail.ts';
import { withdrawEmailChange } from '../routes/account/withdrawEmailChange.ts';
import { beginTotp } from '../routes/account/beginTotp.ts';
import { confirmTotp } from '../routes/account/confirmTotp.ts';
import { removeTotp } from '../routes/account/removeTotp.ts';
import { renewRecoveryCodes } from '../routes/account/renewRecoveryCodes.ts';
import { offerPasskey } from '../routes/account/offerPasskey.ts';
import { addPasskey } from '../routes/account/addPasskey.ts';
import { updatePasskey } from '../routes/account/updatePasskey.ts';
import { removePasskey } from '../routes/account/removePasskey.ts';
import { listPeople } from '../routes/people/listPeople.ts';
import { invitePerson } from '../routes/people/invitePerson.ts';
import { readPerson } from '../routes/people/readPerson.ts';
import { inviteAgain } from '../routes/people/inviteAgain.ts';
import { withdrawInvitation } from '../routes/people/withdrawInvitation.ts';
import { disablePerson } from '../routes/people/disablePerson.ts';
import { enablePerson } from '../routes/people/enablePerson.ts';
import { resetFactors } from '../routes/people/resetFactors.ts';
import { sendPasswordReset } from '../routes/people/sendPasswordReset.ts';
import { checkLink } from '../routes/links/checkLink.ts';
import { acceptInvitation } from '../routes/links/acceptInvitation.ts';
import { resetPassword } from '../routes/links/resetPassword.ts';
import { confirmEmail } from '../routes/links/confirmEmail.ts';
import { askForPasswordReset } from '../routes/links/askForPasswordReset.ts';

/** Who somebody is: sign-in, account, people and the links that they are sent. */
export const identityRoutes = {
  claimOwner,
  createSession,
  readSession,
  deleteSession,
  answerSecondFactor,
  askForSecondFactor,
  askForSignInPasskey,
  signInByPasskey,
  confirmSession,
  askForConfirmation,
  listSessions,
  revokeSession,
  revokeOtherSessions,
  readAccount,
  updateAccount,
  changePassword,
  changeEmail,
  withdrawEmailChange,
  beginTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  offerPasskey,
  addPasskey,
  updatePasskey,
  removePasskey,
  listPeople,
  invitePerson,
  readPerson,
  inviteAgain,
  withdrawInvitation,
  disablePerson,
  enablePerson,
  resetFactors,
  sendPasswordReset,
  checkLink,
  acceptInvitation,
  resetPassword,
  confirmEmail,
  askForPasswordReset,
};
