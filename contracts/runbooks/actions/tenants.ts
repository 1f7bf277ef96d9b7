import { z } from 'zod';
import { describeAction } from '../actions.ts';

export const takeBackOffboarding = describeAction({
  name: 'offboarding.take-back',
  title: 'Take an offboarding back',
  description: 'Until its erasure begins: the tenant is what it was before. Nothing happens where none is under way.',
  params: z.strictObject({ tenantId: z.uuid() }),
  tells: { takenBack: 'boolean' },
  practice: 'skipped',
  hasUndo: false,
});
