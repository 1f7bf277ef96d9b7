import { Schedule, SchedulePause } from '#contracts/schedules.ts';
import { pauseSchedule as pause } from '#temporal/schedules/changeSchedule.ts';
import { viewSchedule } from '#temporal/schedules/viewSchedules.ts';
import { defineRoute } from '../../route.ts';
import { kindOf, ScheduleParams } from './scheduleParams.ts';

export const pauseSchedule = defineRoute({
  method: 'post',
  path: '/api/v1/schedules/{schedule}/pause',
  summary: 'Pause a schedule',
  permission: 'schedules:manage',
  params: ScheduleParams,
  body: SchedulePause,
  success: { status: 200, body: Schedule },
  errors: ['not_found', 'schedule_off'],
  async handle({ params, body, actor }, { em, platform, client }) {
    const kind = kindOf(params);
    const change = { platform, client, actor };
    await pause(em, kind, body.reason, change);
    return viewSchedule(platform, client, kind);
  },
});
