import { z } from 'zod';
import { BlueprintVersion, Name, NewBlueprintVersion } from '#contracts/blueprints.ts';
import { createVersion } from '#domain/blueprints/createVersion.ts';
import { viewVersion } from '#domain/blueprints/viewBlueprints.ts';
import { defineRoute } from '../../route.ts';

/** Nothing uses it until a plan is moved to it. */
export const createBlueprintVersion = defineRoute({
  method: 'post',
  path: '/api/v1/blueprints/{name}/versions',
  summary: 'Create the next version of a blueprint',
  permission: 'blueprints:write',
  params: z.strictObject({ name: Name }),
  body: NewBlueprintVersion,
  idempotent: true,
  success: { status: 201, body: BlueprintVersion },
  errors: ['not_found', 'blueprint_invalid', 'blueprint_changed'],
  handle: async ({ params, body, actor }, { once }) =>
    once(async (em) => viewVersion(em, params.name, await createVersion(em, { ...params, ...body }, actor))),
});
