import { z } from 'zod';
import { describeAction } from '../actions.ts';

export const checkCertificate = describeAction({
  name: 'certificate.check',
  title: 'Look at a certificate',
  description:
    'Connects by TLS and looks at what is shown: whether its chain and its name are believed, for how long it is valid, and whether it is another one than before.',
  params: z.strictObject({
    host: z.string().trim().min(1).max(253).describe('A name or an address'),
    port: z.number().int().min(1).max(65_535).default(443),
    validDays: z.number().int().min(0).max(3_650).default(0).describe('For how many days it must be valid still'),
    otherThan: z
      .string()
      .max(100)
      .nullable()
      .default(null)
      .describe('The fingerprint (SHA-256) of the one that must not be shown any more'),
    trusted: z
      .boolean()
      .default(true)
      .describe('Whether an authority that this machine trusts must have issued it, for this name'),
  }),
  tells: { fingerprint: 'text', validUntil: 'time', daysLeft: 'number' },
  practice: 'same',
  hasUndo: false,
});
