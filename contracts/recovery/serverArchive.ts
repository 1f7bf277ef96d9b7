import { z } from 'zod';

/** What protects the whole server: base backups, and the log since them, by which any second in between can be brought back. */
export const ServerArchive = z.object({
  kind: z.enum(['off', 'lowlevel', 'pgbackrest']).describe('off: the server is not backed up by this installation'),
  baseAt: z.string().nullable().describe('When a base backup is made each day, HH:MM in UTC; null: never'),
  newestBase: z
    .object({
      id: z.uuid(),
      reachesFrom: z.iso.datetime().describe('The first second that it can bring back'),
      provenAt: z.iso.datetime().describe('When all of it had been read again'),
      bytes: z.number().int(),
      storedBytes: z.number().int(),
    })
    .nullable(),
  bases: z.number().int().describe('Proven ones that are kept'),
  lastFailedAt: z.iso.datetime().nullable().describe('When a base backup failed after the newest proven one'),
  check: z
    .object({
      checkedAt: z.iso.datetime(),
      reachesFrom: z.iso.datetime().nullable(),
      reachesUntil: z.iso.datetime().nullable().describe('What came after it would be lost'),
      segments: z.number().int(),
      storedBytes: z.number().int(),
      waiting: z.number().int().describe('Files of the log that the server put aside and nobody took away yet'),
      gaps: z.number().int(),
      failing: z.string().nullable().describe('Why the server does not hand over its log'),
    })
    .nullable()
    .describe('What the last look at the archive found; null: nobody looked yet'),
});
export type ServerArchive = z.infer<typeof ServerArchive>;
