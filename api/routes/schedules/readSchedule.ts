import { Schedule } from '#contracts/schedules.ts';
import { viewSchedule } from '#temporal/schedules/viewSchedules.ts';
import { defineRoute } from '../../route.ts';
import { kindOf, ScheduleParams } from './scheduleParams.ts';

export const readSchedule = defineRoute({
  method: 'get',
  path: '/api/v1/schedules/{schedule}',
  summary: 'Read a schedule',
  permission: 'schedules:read',
  params: ScheduleParams,
  success: { status: 200, body: Schedule },
  errors: ['not_found'],
  handle: ({ params }, { platform, client }) => viewSchedule(platform, client, kindOf(params)),
});
