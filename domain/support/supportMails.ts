import type { Sql } from '../database.ts';
import { queueMail } from '../mails/outbox.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import type { SupportedTenant } from './askSupport.ts';

interface Told {
  tenantId: string;
  tenant: SupportedTenant;
  personId: string;
  reason: string;
  minutes: number;
  token: string;
}

/** Asks the tenant's administrator; whoever holds the link answers for the tenant. */
export async function mailOfConsent(
  em: Sql,
  platform: Platform,
  { answerWithinHours, ...told }: Told & { answerWithinHours: number },
): Promise<void> {
  await send(em, platform, told, `May we look into ${told.tenant.name}?`, (person, link) => [
    `${person} asks to act as the administrator of ${told.tenant.name}, for ${told.minutes} minutes from your consent.`,
    '',
    `Why: ${told.reason}`,
    '',
    `Allow or refuse it here: ${link}`,
    '',
    `The question stands for ${answerWithinHours} hours. By the same link you end the access at any time. Without your answer nobody is let in.`,
  ]);
}

/** Nobody was asked, so that the tenant must at least be told, and be able to end it. */
export async function mailOfBreakGlass(em: Sql, platform: Platform, told: Told): Promise<void> {
  await send(em, platform, told, `${told.tenant.name} was entered without asking you`, (person, link) => [
    `${person} acts as the administrator of ${told.tenant.name}, for at most ${told.minutes} minutes from now, without having been able to wait for your consent.`,
    '',
    `Why: ${told.reason}`,
    '',
    `End it here at any time: ${link}`,
  ]);
}

async function send(
  em: Sql,
  { installation, configuration }: Platform,
  { tenantId, tenant, personId, token }: Told,
  subject: string,
  lines: (person: string, link: string) => string[],
): Promise<void> {
  if (!tenant.admin) return;
  const [person] = await rows<{ email: string; name: string | null }>(em)`
    select email, name from users where id = ${personId} and tenant_id is null`;
  const who = person?.name ? `${person.name} (${person.email})` : (person?.email ?? 'Somebody of the platform');
  // In the fragment, which browsers send to nobody and servers do not log.
  const link = `${configuration.publicUrl}/portal/${tenant.slug}/support-access#${token}`;
  const mail = { kind: 'support_access', subject, text: `${lines(who, link).join('\n')}\n` } as const;
  await queueMail(em, installation.keyring, tenant.admin.email, mail, tenantId);
}
