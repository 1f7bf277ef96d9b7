import { BlueprintCheck, BlueprintDraft } from '#contracts/blueprints.ts';
import { checkBlueprint as check } from '#domain/blueprints/checkBlueprint.ts';
import { defineRoute } from '../../route.ts';

/** Told as an answer, not as a refusal: whoever writes a blueprint asks at every pause. */
export const checkBlueprint = defineRoute({
  method: 'post',
  path: '/api/v1/blueprints/check',
  summary: 'Say everything that is wrong with the steps of a blueprint, without writing it',
  permission: 'blueprints:read',
  body: BlueprintDraft,
  success: { status: 200, body: BlueprintCheck },
  errors: [],
  async handle({ body }) {
    const { problems } = check(body.steps);
    return { valid: problems.length === 0, problems };
  },
});
