import { z } from 'zod';
import { defineRoute } from '../../route.ts';

export const readLiveness = defineRoute({
  method: 'get',
  path: '/health/live',
  summary: 'Whether this process answers',
  permission: 'public',
  success: { status: 200, body: z.object({ live: z.literal(true) }) },
  errors: [],
  async handle() {
    return { live: true as const };
  },
});
