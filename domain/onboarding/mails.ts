import { onboardingItemTitles, type OnboardingItem } from '#contracts/onboarding/items.ts';
import type { MailText } from '../mails/outbox.ts';

const lines = (...all: string[]): string => `${all.join('\n')}\n`;

/** What is still open, and where to go on. It names nothing but the tenant, to whoever is named as its administrator. */
export const reminderMail = (of: {
  tenant: string;
  open: readonly OnboardingItem[];
  portal: string;
  name: string | null;
}): MailText => ({
  kind: 'onboarding_reminder',
  subject: `${of.tenant}: ${of.open.length === 1 ? 'one step is' : `${of.open.length} steps are`} left`,
  text: lines(
    `${of.name ? `Dear ${of.name}` : 'Hello'},`,
    '',
    `${of.tenant} is set up. What is left for you to do:`,
    '',
    ...of.open.map((item) => `- ${onboardingItemTitles[item]}`),
    '',
    `Go on here: ${of.portal}`,
    '',
    'What does not apply can be skipped there; then you are not reminded of it again.',
  ),
});
