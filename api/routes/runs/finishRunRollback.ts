import { RunStarted } from '#contracts/runs.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { slugOf } from '#domain/tenants/addresses.ts';
import { defineRoute, RunParams } from '../../route.ts';

export const finishRunRollback = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/finish-rollback',
  summary: 'Remove what a rollback had to leave',
  permission: 'runs:retry',
  scope: 'run',
  params: RunParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['not_found', 'run_not_finishable', 'run_in_progress'],
  async handle({ params, actor }, { once, workflows }) {
    const started = await once(async (tx) => {
      const opened = await openFinish(tx, params.runId, actor);
      return { ...opened, slug: await slugOf(tx, opened.tenantId) };
    });
    await workflows.start(started.runId);
    return started;
  },
});
