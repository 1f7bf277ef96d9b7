import { ScheduleList } from '#contracts/schedules.ts';
import { viewSchedules } from '#temporal/schedules/viewSchedules.ts';
import { defineRoute } from '../../route.ts';

export const listSchedules = defineRoute({
  method: 'get',
  path: '/api/v1/schedules',
  summary: 'List what comes by the clock, with its next and last times',
  permission: 'schedules:read',
  success: { status: 200, body: ScheduleList },
  errors: [],
  handle: async (_input, { platform, client }) => ({ items: await viewSchedules(platform, client) }),
});
