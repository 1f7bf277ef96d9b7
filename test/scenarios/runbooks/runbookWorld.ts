import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Execution, ExecutionStep } from '#contracts/runbooks/executions.ts';
import type { Problem } from '#contracts/problems.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import { ApiInstallation, ask, type Answer } from '#test/api/apiInstallation.ts';
import { personWith, type TestPerson } from '#test/api/personWith.ts';

/** An API with a worker, at which runbooks are written, run and decided upon. */
export class RunbookWorld {
  readonly api: ApiInstallation;

  constructor(api: ApiInstallation) {
    this.api = api;
  }

  static async start(stepIn?: StepIn, overrides: Record<string, string> = {}): Promise<RunbookWorld> {
    const api = await ApiInstallation.start((same) => same, overrides);
    await api.installation.startWorker(
      stepIn,
      stepIn ? { adaptActivities: (activities, deps) => stepIntoActivities(activities, deps, stepIn) } : {},
    );
    return new RunbookWorld(api);
  }

  stop = (): Promise<void> => this.api.stop();

  /** The name of a runbook of these steps. */
  async written(steps: object[], more: object = {}): Promise<string> {
    const name = `book-${randomUUID().slice(0, 8)}`;
    const { status, text } = await this.write(name, steps, more);
    assert.equal(status, 201, text);
    return name;
  }

  write(name: string, steps: object[], more: object = {}, baseVersion = 0): Promise<Answer<Problem>> {
    return this.api.ask<Problem>('POST', `/api/v1/runbooks/${name}/versions`, {
      body: { baseVersion, definition: { title: `Book ${name}`, steps, ...more } },
    });
  }

  async start(name: string, body: object = {}, how: 'executions' | 'practice' = 'executions'): Promise<string> {
    const {
      status,
      body: started,
      text,
    } = await this.api.ask<{ runId: string }>('POST', `/api/v1/runbooks/${name}/${how}`, { body });
    assert.equal(status, 202, text);
    return started.runId;
  }

  async read(runId: string): Promise<Execution> {
    const { status, body, text } = await this.api.ask<Execution>('GET', `/api/v1/runbook-executions/${runId}`);
    assert.equal(status, 200, text);
    return body;
  }

  /** The execution once a step waits for this. */
  async waits(runId: string, key: string, what: string): Promise<{ execution: Execution; step: ExecutionStep }> {
    return this.api.installation.until(`step ${key} to wait for ${what}`, 40_000, async () => {
      const execution = await this.read(runId);
      const step = execution.steps.find((one) => one.key === key);
      return step?.waitsFor === what ? { execution, step } : null;
    });
  }

  async isOver(runId: string): Promise<Execution> {
    await this.api.installation.runIsOver(runId);
    return this.read(runId);
  }

  decide(
    execution: Execution,
    key: string,
    body: object,
    cookie = this.api.cookie,
  ): Promise<Answer<Execution & Problem>> {
    return this.tell(execution, key, 'decision', { version: execution.version, ...body }, cookie);
  }

  tell(
    { runId, steps }: Execution,
    key: string,
    what: 'decision' | 'completion' | 'verdict' | 'breakpoint',
    body: object,
    cookie = this.api.cookie,
  ): Promise<Answer<Execution & Problem>> {
    const { id } = steps.find((one) => one.key === key)!;
    return ask(this.api.url, 'POST', `/api/v1/runbook-executions/${runId}/steps/${id}/${what}`, { body, cookie });
  }

  person = (role = 'owner'): Promise<TestPerson> => personWith(this.api.installation, [{ role }]);

  states = (execution: Execution): Record<string, string> =>
    Object.fromEntries(execution.steps.map(({ key, state }) => [key, state]));
}

export const sql = (id: string, more: object = {}): object => ({
  ...{ kind: 'sql', id, title: `Ask ${id}`, query: 'select 1 as one' },
  ...more,
});
export const manual = (id: string, more: object = {}): object => ({ kind: 'manual', id, title: `Do ${id}`, ...more });
