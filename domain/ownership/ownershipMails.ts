import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { openConcerned, tokenFor, type OwnershipRow, type Side } from './ownershipRow.ts';

const moment = (iso: string): string =>
  `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(new Date(iso)).replace(' at ', ', ')} UTC`;

/** Asks whoever has not answered yet; a reminder is the same mail with the same link. */
export async function mailQuestions(em: Sql, platform: Platform, row: OwnershipRow, again: boolean): Promise<void> {
  const people = await openConcerned(platform.tenantKeys, row);
  if (!people || !row.expires_at) return;
  const name = await nameOf(em, row.tenant_id);
  const until = `The link is good until ${moment(row.expires_at)}. Without your answer nothing changes.`;
  const prefix = again ? 'Reminder: ' : '';
  if (!row.consented_at)
    await send(em, platform, row, people.to.email, `${prefix}${name} is to become yours`, [
      `You are asked to become the owner and first administrator of ${name}.`,
      '',
      `Agree or decline here: ${linkFor(platform, row, 'new_owner')}`,
      '',
      until,
    ]);
  if (row.needs_confirmation && !row.confirmed_at && people.from)
    await send(em, platform, row, people.from.email, `${prefix}${name} is to pass to another owner`, [
      `${people.to.name ?? people.to.email} is to become the owner of ${name} in your place.`,
      '',
      `Confirm or refuse it here: ${linkFor(platform, row, 'old_owner')}`,
      '',
      until,
    ]);
}

/** Both are told what came of it. */
export async function mailOutcome(
  em: Sql,
  platform: Platform,
  row: OwnershipRow,
  invitation: string | null,
): Promise<void> {
  const people = await openConcerned(platform.tenantKeys, row);
  if (!people) return;
  const name = await nameOf(em, row.tenant_id);
  await send(em, platform, row, people.to.email, `${name} is yours`, [
    `You are now the owner and an administrator of ${name}.`,
    ...(invitation ? ['', `Choose a password to sign in: ${invitation}`] : []),
  ]);
  if (people.from)
    await send(em, platform, row, people.from.email, `${name} has another owner`, [
      `${people.to.name ?? people.to.email} now owns ${name}.`,
      row.old_stays_admin ? 'You stay an administrator.' : 'You stay a member; your sessions were ended.',
      '',
      'If you did not expect this, write to the people who run the platform: for 30 days it can be taken back.',
    ]);
}

const linkFor = (platform: Platform, { id }: OwnershipRow, side: Side): string =>
  // In the fragment, which browsers send to nobody and servers do not log.
  `${platform.configuration.publicUrl}/ownership#${tokenFor(platform, id, side)}`;

async function nameOf(em: Sql, tenantId: string): Promise<string> {
  const [tenant] = await rows<{ name: string }>(em)`select name from tenants where id = ${tenantId}`;
  return tenant?.name ?? '';
}

const send = (
  em: Sql,
  { installation }: Platform,
  { tenant_id: tenantId }: OwnershipRow,
  to: string,
  subject: string,
  lines: string[],
): Promise<unknown> =>
  queueMail(em, installation.keyring, to, { kind: 'ownership', subject, text: `${lines.join('\n')}\n` }, tenantId);
