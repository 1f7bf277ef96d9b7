import { z } from 'zod';
import { BlueprintVersion, Name } from '#contracts/blueprints.ts';
import { viewVersion } from '#domain/blueprints/viewBlueprints.ts';
import { defineRoute } from '../../route.ts';

export const readBlueprintVersion = defineRoute({
  method: 'get',
  path: '/api/v1/blueprints/{name}/versions/{version}',
  summary: 'Read one version of a blueprint',
  permission: 'blueprints:read',
  params: z.strictObject({
    name: Name,
    version: z.coerce
      .number()
      .int()
      .min(1)
      .max(2 ** 31 - 1),
  }),
  success: { status: 200, body: BlueprintVersion },
  errors: ['not_found'],
  handle: async ({ params: { name, version } }, { em }) => viewVersion(em, name, version),
});
