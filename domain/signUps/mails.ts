import type { MailText } from '../mails/outbox.ts';

const lines = (...all: string[]): string => `${all.join('\n')}\n`;

export const proofMail = (of: { organisation: string; link: string; hours: number }): MailText => ({
  kind: 'sign_up_proof',
  subject: `Confirm your address for ${of.organisation}`,
  text: lines(
    `Somebody, hopefully you, signs up ${of.organisation} with this address.`,
    '',
    `Confirm it: ${of.link}`,
    '',
    `The link can be used once, within ${of.hours} hours. If it was not you, leave it: nothing comes of it.`,
  ),
});

export const refusalMail = (of: { organisation: string; reason: string }): MailText => ({
  kind: 'sign_up_refused',
  subject: `About your sign-up of ${of.organisation}`,
  text: lines(`${of.organisation} was not accepted:`, '', of.reason),
});
