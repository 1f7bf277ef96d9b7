import { z } from 'zod';
import { RunbookCheck } from '#contracts/runbooks/runbooks.ts';
import { checkHere } from '#domain/runbooks/versions/createVersion.ts';
import { defineRoute } from '../../route.ts';

/** Told as an answer, not as a refusal: whoever writes a runbook asks at every pause. */
export const checkRunbook = defineRoute({
  method: 'post',
  path: '/api/v1/runbooks/check',
  summary: 'Say everything that is wrong with a runbook, without writing it',
  permission: 'runbooks:read',
  body: z.strictObject({ definition: z.unknown() }),
  success: { status: 200, body: RunbookCheck },
  errors: [],
  handle: ({ body }, { em }) => checkHere(em, body.definition),
});
