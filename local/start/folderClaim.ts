import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../buildLock.ts';
import { describeProcess, isAlive, readLiving, removeRecord, untilGone, writeRecord } from '../processes.ts';
import type { ProcessRecord } from '../processes.ts';
import { note, SetupError } from '../progress.ts';

const recordName = 'tenantry';
const stoppingMs = 90_000;
/** A process whose launcher was killed notices within a quarter of a second. */
const noticeMs = 1_000;

export type ControlPlaneState = 'starting' | 'running' | 'stopping';

const runDirOf = (dataDir: string): string => join(dataDir, 'run');

/** The control plane that runs on this data folder, if there is one. */
export const findControlPlane = (dataDir: string): Promise<ProcessRecord | null> =>
  readLiving(runDirOf(dataDir), recordName);

export interface FolderClaim {
  tell(state: ControlPlaneState, address?: string): Promise<void>;
  release(): Promise<void>;
}

/** One control plane to a data folder. A second one is refused; one that is just stopping is waited for. */
export async function claimFolder(dataDir: string): Promise<FolderClaim> {
  const runDir = runDirOf(dataDir);
  const details = { started: new Date().toISOString(), address: '' };
  const tell = async (state: ControlPlaneState, address?: string): Promise<void> => {
    if (address) details.address = address;
    await writeRecord(runDir, recordName, await describeProcess(process.pid, { ...details, state }));
  };
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await withLock(join(runDir, 'claim.lock'), async () => {
    const other = await findControlPlane(dataDir);
    if (other) await waitOrRefuse(dataDir, other);
    await tell('starting');
  });
  return { tell, release: () => removeRecord(runDir, recordName) };
}

async function waitOrRefuse(dataDir: string, other: ProcessRecord): Promise<void> {
  for (const deadline = Date.now() + noticeMs; Date.now() < deadline; await sleep(50)) {
    if (!(await isAlive(other))) return;
    const state = (await findControlPlane(dataDir))?.details.state;
    if (state !== 'stopping') continue;
    note(`waiting for process ${other.pid}, which is stopping`);
    if (await untilGone(other, stoppingMs)) return;
    throw new SetupError(
      `Process ${other.pid} has been stopping for ${stoppingMs / 1000} s. End it with: kill -9 ${other.pid}`,
    );
  }
  const { address, state } = other.details;
  throw new SetupError(
    [
      `Tenantry already ${state === 'starting' ? 'starts' : 'runs'} in this folder: process ${other.pid}${address ? `, ${address}` : ''}`,
      `Stop it with Ctrl-C in its terminal or: kill ${other.pid}`,
      'A second one needs a data folder and a port of its own: TENANTRY_DATA_DIR=… TENANTRY_PORT=… npm start',
    ].join('\n'),
  );
}
