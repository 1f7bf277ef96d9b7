import type { Realm } from '../people/realm.ts';
import type { MailText } from './outbox.ts';

/** When, for people of any place: `21 November 2026, 18:40 UTC`. */
export const moment = (iso: string): string =>
  `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(new Date(iso)).replace(' at ', ', ')} UTC`;

export const lines = (...all: string[]): string => `${all.join('\n')}\n`;

/** Where somebody signs in, as mails call it. */
type Place = Pick<Realm, 'name'>;

export const invitationMail = (
  of: { link: string; expiresAt: string; invitedBy: string | null },
  { name }: Place,
): MailText => ({
  kind: 'invitation',
  subject: `You are invited to ${name}`,
  text: lines(
    `${of.invitedBy ?? 'An administrator'} invites you to work with ${name}.`,
    '',
    `Choose a password to accept: ${of.link}`,
    '',
    `The link can be used once, until ${moment(of.expiresAt)}. If you do not expect this invitation, leave it.`,
  ),
});

/** To whom a tenant was made for: it is there, and theirs to look after. */
export const adminInvitationMail = (
  of: { link: string; expiresAt: string; admin: { name: string | null } },
  { name }: Place,
): MailText => ({
  kind: 'invitation',
  subject: `${name} is ready`,
  text: lines(
    `${of.admin.name ? `Dear ${of.admin.name}` : 'Hello'},`,
    '',
    `${name} has been set up, and you are named as its administrator.`,
    `Choose a password to accept, and to sign in from then on: ${of.link}`,
    '',
    `The link can be used once, until ${moment(of.expiresAt)}. If you did not expect this message, you can ignore it.`,
  ),
});

export const passwordResetMail = (of: { link: string; expiresAt: string }, { name }: Place): MailText => ({
  kind: 'password_reset',
  subject: `Choose a new password for ${name}`,
  text: lines(
    `Somebody, hopefully you, asked for a new password for your sign-in at ${name}.`,
    '',
    `Choose one here: ${of.link}`,
    '',
    `The link can be used once, until ${moment(of.expiresAt)}. If it was not you, leave it: your password stays as it is.`,
  ),
});

export const mailChangeMail = (of: { link: string; expiresAt: string }, { name }: Place): MailText => ({
  kind: 'mail_change',
  subject: `Confirm your new e-mail address for ${name}`,
  text: lines(
    `This address is to become the one you sign in to ${name} with.`,
    '',
    `Confirm it: ${of.link}`,
    '',
    `The link can be used once, until ${moment(of.expiresAt)}. If it was not you, leave it: nothing changes.`,
  ),
});

const notices = {
  password_changed: 'your password was changed',
  password_reset: 'your password was reset by a one-time link',
  email_change_asked: 'a change of your e-mail address was asked for, and waits to be confirmed from the new one',
  email_changed: 'your e-mail address was changed, and this one does not open your sign-in any more',
  totp_added: 'an authenticator app was set up as a second factor',
  totp_removed: 'the authenticator app was removed from your second factors',
  passkey_added: 'a passkey was added',
  passkey_removed: 'a passkey was removed',
  recovery_codes_replaced: 'new recovery codes were made, and the earlier ones ended',
  recovery_code_used: 'one of your recovery codes was used to sign in',
  factors_reset: 'an administrator took away your second factors; set them up again at the next sign-in',
} as const;
export type Notice = keyof typeof notices;

/** ASVS 5.0 6.3.7: whoever owns the account hears of every change to how it is opened. */
export const securityNotice = (
  notice: Notice,
  { name, forgotPasswordUrl }: Pick<Realm, 'name' | 'forgotPasswordUrl'>,
): MailText => ({
  kind: 'security_notice',
  subject: `Your sign-in at ${name} was changed`,
  text: lines(
    `At ${moment(new Date().toISOString())}, ${notices[notice]}.`,
    '',
    `If that was you, there is nothing to do. If not, choose a new password at ${forgotPasswordUrl} and tell an administrator.`,
  ),
});
