/** Where the API keeps runbooks, executions and practice. */
const of = (name: string) => `/api/v1/runbooks/${encodeURIComponent(name)}`;
const ran = (runId: string) => `/api/v1/runbook-executions/${encodeURIComponent(runId)}`;
const step = (runId: string, stepId: string) => `${ran(runId)}/steps/${encodeURIComponent(stepId)}`;

export const runbookPaths = {
  list: '/api/v1/runbooks',
  check: '/api/v1/runbooks/check',
  catalogue: '/api/v1/runbook-catalogue',
  practice: '/api/v1/runbook-practice',
  executions: '/api/v1/runbook-executions',
  of,
  versions: (name: string) => `${of(name)}/versions`,
  version: (name: string, version: number | string) => `${of(name)}/versions/${encodeURIComponent(version)}`,
  diff: (name: string, from: number | string, to: number | string) =>
    `${of(name)}/diff?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`,
  start: (name: string) => `${of(name)}/executions`,
  practise: (name: string) => `${of(name)}/practice`,
  practiceOf: (name: string) => `/api/v1/runbook-practice/${encodeURIComponent(name)}`,
  execution: ran,
  report: (runId: string) => `${ran(runId)}/report`,
  pause: (runId: string) => `${ran(runId)}/pause`,
  resume: (runId: string) => `${ran(runId)}/resume`,
  note: (runId: string) => `${ran(runId)}/notes`,
  decide: (runId: string, stepId: string) => `${step(runId, stepId)}/decision`,
  complete: (runId: string, stepId: string) => `${step(runId, stepId)}/completion`,
  approve: (runId: string, stepId: string) => `${step(runId, stepId)}/verdict`,
  breakpoint: (runId: string, stepId: string) => `${step(runId, stepId)}/breakpoint`,
};
