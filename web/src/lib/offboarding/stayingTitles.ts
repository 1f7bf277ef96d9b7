import type { KeptByLock } from '#contracts/offboarding/certificate.ts';

/** What a bucket's lock keeps of a tenant that is erased. */
export const stayingTitles: Record<KeptByLock['what'], string> = {
  backup: 'A backup, which nobody can read',
  card: 'The facts beside its backups, with its wrapped key',
  export: 'An export, which nobody can read',
  file: 'Files of unfinished backups, which nobody can read',
};
