import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { SealedPayloads } from '#temporal/payloadCodec.ts';
import type { StepIn } from '../servers/faults.ts';
import type { TestInstallation } from '../servers/installation.ts';
import { packHistory } from './packedHistories.ts';

/** What a room's recordings stand on: `record/<room>.ts` walks its workflows through each of their ends. */
export interface Recorder {
  installation: TestInstallation;
  /** Waits until the run is over and writes its history under this name: `<workflow>.<how it ended>`. */
  record(name: string, runId: string): Promise<void>;
  /** The same for a workflow that is no run's, once it is over. */
  recordWorkflow(name: string, workflowId: string): Promise<void>;
  /** What happens at each activity from now on. */
  stepsIn(next: StepIn): void;
  /** A failure for good. */
  refuse(): Error;
}

const version = process.env['TEST_REPLAY_VERSION'] ?? 'v1';
const folder = join(import.meta.dirname, 'histories');
/** Only the histories whose names begin so are written. */
const only = process.env['TEST_REPLAY_ONLY'] ?? '';

export function recorderOf(installation: TestInstallation, stepsIn: (next: StepIn) => void): Recorder {
  const { installation: own, tenantKeys } = installation.platform;
  const codec = new SealedPayloads(own.keyring, tenantKeys);

  async function recordWorkflow(name: string, workflowId: string): Promise<void> {
    const handle = installation.temporal.client.workflow.getHandle(workflowId);
    await handle.result().catch(() => undefined);
    const history = await packHistory(await handle.fetchHistory(), codec);
    if (!name.startsWith(only)) return;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.${version}.json`), `${JSON.stringify({ workflowId, history })}\n`);
    console.log(`recorded ${name}`);
  }
  return {
    installation,
    async record(name, runId) {
      await installation.runIsOver(runId);
      await recordWorkflow(name, (await installation.run(runId)).temporal.workflowId);
    },
    ...{ recordWorkflow, stepsIn },
    refuse: () => new DomainError('check_failed', 'The recorder says no.'),
  };
}
