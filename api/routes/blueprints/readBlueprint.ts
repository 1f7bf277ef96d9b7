import { Blueprint, Name } from '#contracts/blueprints.ts';
import { viewBlueprint } from '#domain/blueprints/viewBlueprints.ts';
import { z } from 'zod';
import { defineRoute } from '../../route.ts';

export const readBlueprint = defineRoute({
  method: 'get',
  path: '/api/v1/blueprints/{name}',
  summary: 'Read a blueprint: its latest version and the list of all',
  permission: 'blueprints:read',
  params: z.strictObject({ name: Name }),
  success: { status: 200, body: Blueprint },
  errors: ['not_found'],
  handle: async ({ params }, { em }) => viewBlueprint(em, params.name),
});
