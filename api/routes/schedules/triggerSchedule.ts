import { Schedule } from '#contracts/schedules.ts';
import { triggerSchedule as trigger } from '#temporal/schedules/changeSchedule.ts';
import { viewSchedule } from '#temporal/schedules/viewSchedules.ts';
import { defineRoute } from '../../route.ts';
import { kindOf, ScheduleParams } from './scheduleParams.ts';

/** Temporal begins it a moment later; one that is under way already is not begun twice. */
export const triggerSchedule = defineRoute({
  method: 'post',
  path: '/api/v1/schedules/{schedule}/trigger',
  summary: 'Carry out a scheduled job now',
  permission: 'schedules:manage',
  params: ScheduleParams,
  success: { status: 202, body: Schedule },
  errors: ['not_found', 'schedule_off'],
  async handle({ params, actor }, { em, platform, client }) {
    const kind = kindOf(params);
    const change = { platform, client, actor };
    await trigger(em, kind, change);
    return viewSchedule(platform, client, kind);
  },
});
