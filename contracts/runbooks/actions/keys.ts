import { z } from 'zod';
import { describeAction } from '../actions.ts';

const day = 86_400;

/** Keys of the platform itself, each with a time in which the old one and the new one are good. */
export const keyActions = {
  rotateAuditKey: describeAction({
    name: 'audit-key.rotate',
    title: 'Rotate the key that signs the audit',
    description:
      'A new key signs from now on; the last signature of the old one is over it. What it signed stays good.',
    params: z.strictObject({}),
    tells: { from: 'text', to: 'text' },
    practice: 'instead',
    hasUndo: false,
  }),
  rotateLicenseKey: describeAction({
    name: 'license-key.rotate',
    title: 'Rotate the key that signs licences',
    description:
      'Publishes the next key of a product now, which signs when whoever verifies had time to take it. Licences that were signed stay good.',
    params: z.strictObject({
      product: z.string().min(1).max(120),
      publishSeconds: z
        .number()
        .int()
        .min(0)
        .max(365 * day)
        .default(7 * day)
        .describe('For how long it is published before it signs'),
    }),
    tells: { from: 'text', to: 'text', signsFrom: 'time' },
    practice: 'instead',
    hasUndo: false,
  }),
  checkMasterKey: describeAction({
    name: 'master-key.check',
    title: 'Look which master key is in force',
    description: 'By their ids, which tell nothing of the keys: the one in force, and the one that is offered.',
    params: z.strictObject({
      isOffered: z.boolean().describe('Whether another one must be offered'),
      current: z.string().max(64).nullable().default(null).describe('The id that must be in force'),
    }),
    tells: { current: 'text', next: 'text' },
    practice: 'same',
    hasUndo: false,
  }),
  settleMasterKey: describeAction({
    name: 'master-key.settle',
    title: 'Make the offered master key the only one',
    description:
      'By a worker that was restarted with it: stops here while that worker has another one. Cannot be taken back. In practice it shows that the worker has a key that is in force.',
    params: z.strictObject({}),
    tells: { current: 'text' },
    practice: 'instead',
    hasUndo: false,
  }),
} as const;
