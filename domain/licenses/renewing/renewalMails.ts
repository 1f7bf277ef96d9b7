import type { MailText } from '../../mails/outbox.ts';
import { lines, moment } from '../../mails/texts.ts';

/** To whom a tenant belongs: the licence goes on, and this is its new file. Nothing in a file is secret. */
export const renewedMail = (of: {
  admin: { name: string | null };
  product: string;
  until: string;
  file: string;
}): MailText => ({
  kind: 'license_renewed',
  subject: `Your licence for ${of.product} goes on until ${moment(of.until)}`,
  text: lines(
    `${of.admin.name ? `Dear ${of.admin.name}` : 'Hello'},`,
    '',
    `your licence for ${of.product} is valid until ${moment(of.until)}.`,
    'This is its new file. Save everything from the first line of dashes to the last, and give it to the product in the place of the old one:',
    '',
    of.file,
  ),
});
