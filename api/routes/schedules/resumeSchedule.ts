import { Schedule } from '#contracts/schedules.ts';
import { resumeSchedule as resume } from '#temporal/schedules/changeSchedule.ts';
import { viewSchedule } from '#temporal/schedules/viewSchedules.ts';
import { defineRoute } from '../../route.ts';
import { kindOf, ScheduleParams } from './scheduleParams.ts';

export const resumeSchedule = defineRoute({
  method: 'post',
  path: '/api/v1/schedules/{schedule}/resume',
  summary: 'Let a schedule go on',
  permission: 'schedules:manage',
  params: ScheduleParams,
  success: { status: 200, body: Schedule },
  errors: ['not_found', 'schedule_off'],
  async handle({ params, actor }, { em, platform, client }) {
    const kind = kindOf(params);
    const change = { platform, client, actor };
    await resume(em, kind, change);
    return viewSchedule(platform, client, kind);
  },
});
