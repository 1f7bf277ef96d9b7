import { z } from 'zod';
import { BlueprintSummary } from '#contracts/blueprints.ts';
import { listBlueprints as list } from '#domain/blueprints/viewBlueprints.ts';
import { defineRoute } from '../../route.ts';

export const listBlueprints = defineRoute({
  method: 'get',
  path: '/api/v1/blueprints',
  summary: 'List blueprints: the latest version of each, and who uses which',
  permission: 'blueprints:read',
  success: { status: 200, body: z.object({ items: z.array(BlueprintSummary) }) },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
