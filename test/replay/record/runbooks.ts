import { randomUUID } from 'node:crypto';
import { ExecutionStart } from '#contracts/runbooks/executions.ts';
import { wakeSignal } from '#contracts/workflowInputs.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { decideStep, type StepPlace } from '#domain/runbooks/deciding/decideStep.ts';
import { openExecution } from '#domain/runbooks/executing/openExecution.ts';
import { createVersion } from '#domain/runbooks/versions/createVersion.ts';
import { startRun } from '#temporal/startRun.ts';
import { manual, sql } from '#test/scenarios/runbooks/runbookWorld.ts';
import type { Recorder } from '../recorder.ts';

/** Runbooks that go through, wait for people and for the clock, are stopped, cancelled, practised, and ask a queue that nobody serves. */
export async function runbooks({ installation, record }: Recorder): Promise<void> {
  const { keyring } = installation.platform.installation;
  const started = async (steps: object[], practice = false): Promise<string> => {
    const name = `recorded-${randomUUID()}`;
    const { runId } = await installation.em.transactional(async (em) => {
      await createVersion(em, { name, baseVersion: 0, note: '', definition: { title: 'Recorded', steps } }, theSystem);
      return openExecution(em, keyring, name, ExecutionStart.parse({ practice }), theSystem);
    });
    await startRun(installation.platform, installation.temporal.client, runId);
    return runId;
  };
  const places = (what: string, runId: string): Promise<StepPlace & { version: number }> =>
    installation.until(`a step to be ${what}`, 30_000, async () => {
      const [found] = await installation.asAdmin<{ stepId: string; version: number }>(
        null,
        `select s.step_id as "stepId", r.version from runbook_steps s join runs r on r.id = s.run_id
         where s.run_id = $1 and $2 in (s.record->>'waitsFor', s.record->>'state')`,
        [runId, what],
      );
      return found ? { runId, ...found } : null;
    });
  const decided = async (runId: string, what: string, decision: 'skip' | 'stop'): Promise<void> => {
    const { version, ...place } = await places(what, runId);
    const told = { version, decision, reason: 'For the record' };
    const { workflowId } = await installation.em.transactional((em) => decideStep(em, keyring, place, told, theSystem));
    await installation.temporal.client.workflow.getHandle(workflowId).signal(wakeSignal);
  };
  const undone = { undo: { kind: 'action', action: 'provisioning.resume', params: {} } };

  const whole = await started([
    sql('ask'),
    {
      ...{ kind: 'parallel', id: 'both', title: 'Both' },
      steps: [{ kind: 'wait', id: 'rest', title: 'Rest', seconds: 1 }, manual('tell')],
    },
    sql('last'),
  ]);
  await decided(whole, 'person', 'skip');
  await record('executeRunbook.succeeds', whole);

  const stopped = await started([sql('ask', undone), manual('tell')]);
  await decided(stopped, 'person', 'stop');
  await record('executeRunbook.takenBack', stopped);

  const cancelled = await started([
    sql('ask', undone),
    { kind: 'http', id: 'up', title: 'Is it up', url: 'http://127.0.0.1:9/', untilSeconds: 600 },
  ]);
  await installation.until('it to ask', 30_000, async () => {
    const [asks] = await installation.asAdmin(
      null,
      `select 1 from runbook_steps where run_id = $1 and key = 'up' and record->>'state' = 'running'`,
      [cancelled],
    );
    return asks !== undefined;
  });
  await installation.cancelRun(cancelled);
  await record('executeRunbook.cancelled', cancelled);

  const outside = { kind: 'custom', title: 'Outside', taskQueue: 'nobody-is-there', activity: 'x', timeoutSeconds: 1 };
  await record('executeRunbook.unserved', await started([{ ...outside, id: 'outside', onFailure: 'continue' }]));
  await record('executeRunbook.practised', await started([sql('ask', undone)], true));
}
