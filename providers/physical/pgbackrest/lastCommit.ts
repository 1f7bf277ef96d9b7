import { spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { physicalRefusal } from '../refusals.ts';
import { segmentName } from '../reach/timelines.ts';
import { chainOf, isWhole, type Anchor, type ArchivedLog } from '../reach/windows.ts';
import { serverEnvironment } from '../server/clusterServer.ts';
import { callPgbackrest, type PgbackrestCommand } from './command.ts';

export interface CommitOptions {
  /** The folder with `pg_waldump`. */
  bin: string;
  /** A data folder of the cluster, where the one that pgBackRest is configured for is lost. */
  data?: string;
  signal: AbortSignal;
}

/** What was read stays what it is: no segment is written twice. */
export type KnownCommits = Map<string, Date | null>;

/**
 * When a segment ends a list of the repository does not tell: it comes there later, much later where archiving had stalled. So the end of each
 * window is read out of the log itself: the last commit that it holds. Writes it into the segments' `endedAt`.
 */
export async function settleEnds(
  command: PgbackrestCommand,
  bases: readonly Anchor[],
  log: ArchivedLog,
  known: KnownCommits,
  options: CommitOptions,
): Promise<void> {
  for (const base of bases) {
    const chain = chainOf(base, log);
    if (!isWhole(base, chain)) continue;
    const last = chain.segments.at(-1)!;
    last.endedAt = new Date(base.stoppedAt); // where nothing was committed since
    for (const { timeline, number } of chain.segments.toReversed()) {
      const name = segmentName(timeline, number, log.segmentBytes);
      const commit = known.has(name) ? known.get(name)! : await lastCommitIn(command, name, options);
      known.set(name, commit);
      if (commit) {
        if (commit > last.endedAt) last.endedAt = commit;
        break;
      }
      if (name === base.stopSegment) break;
    }
  }
}

/** The time of the last commit in a segment; null where it holds none. */
async function lastCommitIn(
  command: PgbackrestCommand,
  name: string,
  { bin, data, signal }: CommitOptions,
): Promise<Date | null> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-log-'));
  try {
    const { uid, gid } = command.user;
    if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
    const at = data === undefined ? [] : [`--pg1-path=${data}`, `--lock-path=${folder}`];
    const path = join(folder, name);
    await callPgbackrest(command, ['--no-archive-async', ...at, 'archive-get', name, path], { signal });
    return await lastCommitOf(join(bin, 'pg_waldump'), path, command, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const commit = /desc: COMMIT(?:_PREPARED \d+:)? (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/;

/** The time in a line of `pg_waldump`; null where nothing was committed. */
export function commitIn(line: string): Date | null {
  const [, time] = commit.exec(line) ?? [];
  return time === undefined ? null : new Date(`${time.replace(' ', 'T')}Z`);
}

/** A segment that was ended early ends in zeros, which the program calls an error: what it printed before counts. */
async function lastCommitOf(
  program: string,
  path: string,
  { user }: PgbackrestCommand,
  signal: AbortSignal,
): Promise<Date | null> {
  const child = spawn(program, ['--rmgr=Transaction', path], {
    ...user,
    cwd: '/',
    env: { ...serverEnvironment(), TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  });
  const failed = new Promise<never>((_resolve, reject) =>
    child.once('error', (cause) =>
      reject(
        signal.aborted
          ? cause
          : physicalRefusal('physical_tool_failed', 'There is no pg_waldump in TENANTRY_POSTGRES_BIN.', cause),
      ),
    ),
  );
  let last: Date | null = null;
  const read = (async () => {
    for await (const line of createInterface({ input: child.stdout })) last = commitIn(line) ?? last;
  })();
  await Promise.race([read, failed]);
  signal.throwIfAborted();
  return last;
}
