import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { scheduledKinds, type ScheduledKind } from '#contracts/schedules.ts';

export const ScheduleParams = z.strictObject({
  schedule: z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'is not the name of a schedule'),
});

/** Refuses with `not_found`. */
export function kindOf({ schedule }: z.output<typeof ScheduleParams>): ScheduledKind {
  const kind = scheduledKinds.find((one) => one === schedule);
  if (!kind) throw new DomainError('not_found', 'There is no such schedule.');
  return kind;
}
