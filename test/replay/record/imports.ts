import { ImportQuery } from '#contracts/imports/imports.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startImport } from '#domain/imports/creating/beginCreating.ts';
import { receiveFile } from '#domain/imports/receiveFile.ts';
import { requestPause, resumeRun } from '#domain/runs/deciding/decideRun.ts';
import { rows } from '#domain/sql.ts';
import { decideSignal, wakeSignal } from '#contracts/workflowInputs.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Recorder } from '../recorder.ts';

/** Imports: one that was started by somebody, one that only checked, one that was paused and went on, one that was cancelled. */
export async function imports({ installation, record }: Recorder): Promise<void> {
  const { platform, temporal } = installation;
  const send = async (name: string, lines: number, options: Record<string, string> = {}) => {
    async function* file(): AsyncGenerator<Buffer> {
      yield Buffer.from(`name\n${Array.from({ length: lines }, (_, at) => `${name} ${at}`).join('\n')}\n`);
    }
    const { registry, installation: ours } = platform;
    const query = ImportQuery.parse({ fileName: `${name}.csv`, ...options });
    const received = await receiveFile({ registry, keyring: ours.keyring }, query, file(), theSystem);
    await startRun(platform, temporal.client, received.runId);
    return received;
  };
  const tell = async (runId: string, signal: string, ...args: string[]) => {
    const { temporal: at } = await installation.run(runId);
    await temporal.client.workflow.getHandle(at.workflowId).signal(signal, ...args);
  };

  const started = await send('Started', 3);
  await installation.runIs('waiting', started.runId);
  await installation.em.transactional((em) => startImport(em, started.importId, { skipInvalid: false }, theSystem));
  await tell(started.runId, wakeSignal);
  await record('importTenants.succeeds', started.runId);

  await record('importTenants.checksOnly', (await send('Checked', 2, { dryRun: 'true' })).runId);

  const paused = await send('Paused', 40, { startWhenValid: 'true' });
  await installation.until('a tenant', 60_000, async () => {
    const [made] = await rows<{ count: number }>(installation.em)`
      select count(*)::integer as count from import_lines where import_id = ${paused.importId} and state = 'created'`;
    return (made?.count ?? 0) > 0;
  });
  await installation.em.transactional((em) => requestPause(em, paused.runId, theSystem));
  await installation.runIs('paused', paused.runId);
  const { decisionId } = await installation.em.transactional((em) => resumeRun(em, paused.runId, theSystem));
  await tell(paused.runId, decideSignal, decisionId ?? '');
  await record('importTenants.paused', paused.runId);

  const cancelled = await send('Cancelled', 2);
  await installation.runIs('waiting', cancelled.runId);
  await installation.cancelRun(cancelled.runId);
  await record('importTenants.cancelled', cancelled.runId);
}
