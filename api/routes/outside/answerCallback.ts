import { z } from 'zod';
import { CallbackAnswer } from '#contracts/outside/callbacks.ts';
import { takeAnswer } from '#domain/outside/callbacks.ts';
import { defineRoute } from '../../route.ts';

/** The token in the address is all that its caller needs: it was in the signed call, and it answers that call once. */
export const answerCallback = defineRoute({
  method: 'post',
  path: '/api/v1/callbacks/{token}',
  summary: 'Answer a call of an http step that was taken with 202',
  permission: 'public',
  rate: { perSecond: 20, burst: 200 },
  params: z.strictObject({
    token: z
      .string()
      .max(100)
      .regex(/^[\w-]*[A-Za-z0-9]$/, 'is no token'),
  }),
  body: CallbackAnswer,
  success: { status: 204 },
  errors: ['not_found', 'callback_answered', 'callback_over', 'output_invalid', 'too_many_requests'],
  async handle({ params: { token }, body }, { em, platform, workflows }) {
    const answered = await em.transactional((tx) => takeAnswer(tx, platform.tenantKeys, token, body));
    await workflows.tellOfAnswer(answered);
  },
});
