import { z } from 'zod';
import { defineRoute } from '../../route.ts';

export const readReadiness = defineRoute({
  method: 'get',
  path: '/health/ready',
  summary: 'Whether everything that this process depends on answers; 503 and which one when not',
  permission: 'public',
  success: {
    status: 200,
    also: { status: 503, when: ({ ready }) => !ready },
    body: z.object({
      ready: z.boolean(),
      database: z.enum(['up', 'down']),
      temporal: z.enum(['up', 'down']),
      worker: z.enum(['polling', 'absent', 'unknown']).describe('Without a polling worker runs wait'),
    }),
  },
  errors: [],
  handle: (_input, { readiness }) => readiness.read(),
});
