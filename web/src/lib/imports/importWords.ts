import type { ImportLineState, ImportState } from '#contracts/imports/imports.ts';
import type { Word } from '#lib/display/words.ts';

export const importStateWords: Record<ImportState, Word> = {
  uploading: { title: 'Uploading', tone: 'busy' },
  checking: { title: 'Checking', tone: 'busy' },
  ready: { title: 'Ready to start', tone: 'warn' },
  creating: { title: 'Creating', tone: 'busy' },
  inviting: { title: 'Inviting', tone: 'busy' },
  done: { title: 'Done', tone: 'good' },
  incomplete: { title: 'Incomplete', tone: 'bad' },
  checked: { title: 'Checked only', tone: 'quiet' },
  refused: { title: 'Not readable', tone: 'bad' },
  cancelled: { title: 'Cancelled', tone: 'quiet' },
  expired: { title: 'Not started in time', tone: 'quiet' },
};

export const lineStateWords: Record<ImportLineState, Word> = {
  valid: { title: 'Waiting', tone: 'quiet' },
  invalid: { title: 'Wrong', tone: 'bad' },
  existing: { title: 'Was there', tone: 'quiet' },
  creating: { title: 'Under way', tone: 'busy' },
  created: { title: 'Created', tone: 'good' },
  failed: { title: 'Failed', tone: 'bad' },
};
