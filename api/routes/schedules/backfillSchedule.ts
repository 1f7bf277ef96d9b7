import { ScheduleBackfill, ScheduleBackfilled } from '#contracts/schedules.ts';
import { backfillSchedule as backfill } from '#temporal/schedules/changeSchedule.ts';
import { defineRoute } from '../../route.ts';
import { kindOf, ScheduleParams } from './scheduleParams.ts';

export const backfillSchedule = defineRoute({
  method: 'post',
  path: '/api/v1/schedules/{schedule}/backfill',
  summary: 'Make up for the times of a range',
  permission: 'schedules:manage',
  params: ScheduleParams,
  body: ScheduleBackfill,
  success: { status: 202, body: ScheduleBackfilled },
  errors: ['not_found', 'schedule_off'],
  async handle({ params, body, actor }, { em, platform, client }) {
    const kind = kindOf(params);
    const change = { platform, client, actor };
    return { times: await backfill(em, kind, body, change) };
  },
});
