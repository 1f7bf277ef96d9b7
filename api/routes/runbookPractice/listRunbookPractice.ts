import { PracticePlans } from '#contracts/runbooks/practice.ts';
import { listPractices } from '#domain/runbooks/practice/practicePlans.ts';
import { defineRoute } from '../../route.ts';

export const listRunbookPractice = defineRoute({
  method: 'get',
  path: '/api/v1/runbook-practice',
  summary: 'List when each runbook is practised by itself, and how long ago it was',
  permission: 'runbooks:read',
  success: { status: 200, body: PracticePlans },
  errors: [],
  handle: async (_input, { em }) => ({ items: await listPractices(em) }),
});
