import { sep } from 'node:path';
import { ageOfNewestProven } from '#domain/backups/platform/platformBackups.ts';
import type { Configuration } from '#domain/configuration.ts';
import type { Sql } from '#domain/database.ts';
import { fine, worthALook, wrong, type Diagnosis } from './check.ts';

const what = 'backup of the control plane';
/** A day, and time for a backup that takes long. */
const overdueSeconds = 30 * 3_600;

/** Whether what would be needed after a loss is there, new enough, and elsewhere. */
export async function checkPlatformBackup(
  em: Sql,
  { backups, dataDir }: Pick<Configuration, 'backups' | 'dataDir'>,
): Promise<Diagnosis> {
  const age = await ageOfNewestProven(em);
  const advice = 'Run `tenantry backup platform`, or see _Settings → Control plane’s backups_ why none was made.';
  if (age === null) return worthALook(what, 'there is none that was read again', advice);
  const hours = Math.round(age / 3_600);
  if (backups.platformAt && age > overdueSeconds) return wrong(what, `the newest is ${hours} hours old`, advice);
  if (backups.place.startsWith(`${dataDir}${sep}`))
    return worthALook(
      what,
      `the newest is ${hours} hours old, and lies on the disk that it is to replace`,
      'Name another disk or a bucket by TENANTRY_BACKUP_PLACE.',
    );
  return fine(what, `the newest was read again and is ${hours} hours old`);
}
