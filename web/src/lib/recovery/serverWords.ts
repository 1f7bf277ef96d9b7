import type { DatabaseServerView } from '#contracts/recovery/replication.ts';
import type { Word } from '#lib/display/words.ts';

export const serverRoleWords: Record<DatabaseServerView['role'], Word> = {
  primary: { title: 'Primary', tone: 'good' },
  standby: { title: 'Standby', tone: 'quiet' },
  fenced: { title: 'Fenced', tone: 'warn' },
  unknown: { title: 'Not seen yet', tone: 'quiet' },
};

export const serverStateWords: Record<DatabaseServerView['state'], Word> = {
  ok: { title: 'Well', tone: 'good' },
  behind: { title: 'Behind', tone: 'warn' },
  broken: { title: 'Does not follow', tone: 'bad' },
  silent: { title: 'Does not answer', tone: 'bad' },
};
