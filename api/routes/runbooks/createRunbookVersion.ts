import { NewRunbookVersion, RunbookVersion } from '#contracts/runbooks/runbooks.ts';
import { createVersion } from '#domain/runbooks/versions/createVersion.ts';
import { findVersion } from '#domain/runbooks/versions/viewRunbooks.ts';
import { defineRoute } from '../../route.ts';
import { RunbookParams } from './runbookParams.ts';

/** Executions that are under way keep theirs. */
export const createRunbookVersion = defineRoute({
  method: 'post',
  path: '/api/v1/runbooks/{name}/versions',
  summary: 'Create the next version of a runbook',
  permission: 'runbooks:edit',
  params: RunbookParams,
  body: NewRunbookVersion,
  idempotent: true,
  success: { status: 201, body: RunbookVersion },
  errors: ['not_found', 'runbook_invalid', 'runbook_changed'],
  handle: ({ params: { name }, body, actor }, { once }) =>
    once(async (em) => findVersion(em, name, await createVersion(em, { name, ...body }, actor))),
});
