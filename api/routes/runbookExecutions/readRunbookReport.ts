import { reportOf } from '#domain/runbooks/viewing/report.ts';
import { viewExecution } from '#domain/runbooks/viewing/viewExecution.ts';
import { defineDownload, RunParams } from '../../route.ts';
import { onlookerOf } from './toldExecution.ts';

const type = 'text/markdown; charset=utf-8';

export const readRunbookReport = defineDownload({
  method: 'get',
  path: '/api/v1/runbook-executions/{runId}/report',
  summary: 'Download the report of an execution as Markdown',
  permission: 'runbooks:read',
  scope: 'run',
  params: RunParams,
  download: { types: [type] },
  errors: ['not_found'],
  async handle(input, { em, platform }) {
    const { runId } = input.params;
    const execution = await viewExecution(em, runId, platform, onlookerOf(input));
    const pieces = async function* () {
      yield reportOf(execution);
    };
    return { type, fileName: `${execution.runbook}-${runId}.md`, pieces: pieces() };
  },
});
