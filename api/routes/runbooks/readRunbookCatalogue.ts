import { z } from 'zod';
import { runbookActions } from '#contracts/runbooks/catalogue.ts';
import { RunbookCatalogue } from '#contracts/runbooks/runbooks.ts';
import { runbookWorkflows, workflowOf } from '#contracts/runbooks/workflows.ts';
import { storesOf } from '#domain/runbooks/versions/createVersion.ts';
import { defineRoute } from '../../route.ts';

const schemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;

export const readRunbookCatalogue = defineRoute({
  method: 'get',
  path: '/api/v1/runbook-catalogue',
  summary: 'List what the steps of runbooks can be made of',
  permission: 'runbooks:read',
  success: { status: 200, body: RunbookCatalogue },
  errors: [],
  handle: async (_input, { em }) => ({
    actions: runbookActions.map(({ params, practice, ...action }) => ({
      ...action,
      practice: practice ?? null,
      params: schemaOf(params),
    })),
    workflows: Object.keys(runbookWorkflows).map((name) => {
      const { title, params, tells, practice } = workflowOf(name)!;
      return { name, title, tells, practice: practice ?? null, params: schemaOf(params) };
    }),
    stores: await storesOf(em),
  }),
});
