import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { written } from '../places.ts';
import { ofPlatform, type Story } from '../story.ts';

const backUp = ofPlatform(
  {
    title: 'the control plane itself is backed up',
    kind: 'backupPlatform',
    places: ['write', 'prove', 'clear', 'close'].flatMap((verb) => written('platformBackup', `platformBackup.${verb}`)),
  },
  openPlatformBackup,
);

export const platformStories: readonly Story[] = [backUp];
