import { Execution } from '#contracts/runbooks/executions.ts';
import { viewExecution } from '#domain/runbooks/viewing/viewExecution.ts';
import { defineStream, RunParams } from '../../route.ts';
import { onlookerOf } from './toldExecution.ts';

/** Several people follow the same execution; each is told what they may do. */
export const followRunbookExecution = defineStream({
  method: 'get',
  path: '/api/v1/runbook-executions/{runId}/events',
  summary: 'Follow an execution of a runbook live',
  permission: 'runbooks:read',
  scope: 'run',
  params: RunParams,
  stream: { event: 'execution', data: Execution },
  errors: ['not_found'],
  async *handle(input, { em, platform, runWatch }) {
    const { runId } = input.params;
    const read = () => viewExecution(em.fork(), runId, platform, onlookerOf(input));
    await read(); // a run of another kind is none
    for await (const _run of runWatch.follow(runId, input.signal)) {
      const execution = await read();
      yield { id: String(execution.version), data: execution };
    }
  },
});
