import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lsnOfBytes } from './lsn.ts';

/** DBState of src/include/catalog/pg_control.h. */
const states = [
  'starting',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;

export interface ControlFile {
  systemIdentifier: string;
  state: (typeof states)[number];
  /** Where its last checkpoint lies: after `shut down`, nothing was written behind it. */
  checkpoint: string;
  timeline: number;
}

/**
 * What a server that does not run says of itself. The fields in front of the file are the same in PostgreSQL 13 to 18 (pg_control.h):
 * identifier, two versions, state, time, checkpoint and the checkpoint's copy. Null where there is none.
 */
export async function readControlFile(data: string): Promise<ControlFile | null> {
  const bytes = await readFile(join(data, 'global', 'pg_control')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!bytes) return null;
  const version = bytes.readUInt32LE(8);
  if (version < 1300 || version > 1899) throw new Error(`the control file's form ${version} is not known`);
  return {
    systemIdentifier: bytes.readBigUInt64LE(0).toString(),
    state: states[bytes.readUInt32LE(16)] ?? 'starting',
    checkpoint: lsnOfBytes(bytes.readBigUInt64LE(32)),
    timeline: bytes.readUInt32LE(48),
  };
}

/**
 * The newest timeline that a folder of this cluster knows of, whether its server runs or not. The control file tells that of the last checkpoint;
 * a promotion writes its history file before the first row. Null for another cluster's folder, and where there is none that could be started: damaged
 * files are a reason to make it anew.
 */
export async function newestTimelineIn(data: string, systemIdentifier: string): Promise<number | null> {
  const [control, names] = await Promise.all([
    readControlFile(data).catch(() => null),
    readdir(join(data, 'pg_wal')).catch(() => []),
  ]);
  if (control?.systemIdentifier !== systemIdentifier) return null;
  const histories = names.flatMap((name) => /^([0-9A-F]{8})\.history$/.exec(name)?.slice(1) ?? []);
  return Math.max(control.timeline, ...histories.map((timeline) => Number.parseInt(timeline, 16)));
}
