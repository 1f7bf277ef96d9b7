import type { EvidenceTenant } from '#contracts/backups/evidence.ts';
import { protectionTexts } from '#lib/backups/backupWords.ts';

export const alarmTitles: Record<string, string> = {
  'tenant.backups_missed': 'A tenant was not protected as promised',
  'tenant.backups_recovered': 'It was protected again',
  'drill.failed': 'A drill did not hold',
  'plan.backups_caught_up': 'Windows of a plan were missed and made up for',
  'plan.backups_passed_over': 'A window of a plan was passed over',
};

/** Why a tenant is not protected, with the code of what went wrong. */
export const whyNotText = ({ protection, whyNot }: EvidenceTenant): string =>
  `${protectionTexts[protection]}${whyNot && whyNot !== protection ? ` (${whyNot})` : ''}`;
