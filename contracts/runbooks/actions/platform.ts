import { z } from 'zod';
import { describeAction } from '../actions.ts';

export const pauseProvisioning = describeAction({
  name: 'provisioning.pause',
  title: 'Pause provisioning',
  description:
    'Nothing new is made for tenants until it is resumed; what is under way stands still before its next step.',
  params: z.strictObject({ reason: z.string().trim().min(3).max(500) }),
  tells: { wasPaused: 'boolean' },
  practice: 'instead',
  hasUndo: true,
});

export const resumeProvisioning = describeAction({
  name: 'provisioning.resume',
  title: 'Resume provisioning',
  description: 'What stood still goes on.',
  params: z.strictObject({}),
  tells: { wasPaused: 'boolean' },
  practice: 'instead',
  hasUndo: false,
});
