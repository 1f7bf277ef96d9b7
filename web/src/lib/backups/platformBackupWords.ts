import type { PlatformBackupState } from '#contracts/backups/platformBackups.ts';
import type { Word } from '#lib/display/words.ts';

export const platformBackupWords: Record<PlatformBackupState, Word> = {
  writing: { title: 'Being written', tone: 'busy' },
  written: { title: 'Being read again', tone: 'busy' },
  proven: { title: 'Proven', tone: 'good' },
  failed: { title: 'Failed', tone: 'bad' },
  removed: { title: 'Removed', tone: 'quiet' },
};
