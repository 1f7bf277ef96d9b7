import { ExecutionStart, ExecutionStarted } from '#contracts/runbooks/executions.ts';
import { openExecution } from '#domain/runbooks/executing/openExecution.ts';
import { defineRoute } from '../../route.ts';
import { RunbookParams } from './runbookParams.ts';

export const startRunbook = defineRoute({
  method: 'post',
  path: '/api/v1/runbooks/{name}/executions',
  summary: 'Carry out a runbook, from its beginning or from a step',
  permission: 'runbooks:run',
  params: RunbookParams,
  body: ExecutionStart.omit({ practice: true }),
  idempotent: true,
  success: { status: 202, body: ExecutionStarted },
  errors: ['not_found', 'input_invalid', 'run_in_progress'],
  async handle({ params: { name }, body, actor }, { once, platform, workflows }) {
    const { keyring } = platform.installation;
    const opened = await once((em) => openExecution(em, keyring, name, { ...body, practice: false }, actor));
    await workflows.start(opened.runId);
    return opened;
  },
});
