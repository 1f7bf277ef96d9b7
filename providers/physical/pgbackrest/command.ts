import { spawn } from 'node:child_process';
import { physicalRefusal, type PhysicalRefusal } from '../refusals.ts';
import { serverEnvironment } from '../server/clusterServer.ts';
import type { ServerUser } from '../server/serverUser.ts';

export interface PgbackrestCommand {
  /** The program: a path, or a name that is found on PATH. */
  program: string;
  stanza: string;
  /** Its configuration; null where pgBackRest finds it itself. */
  configFile: string | null;
  /** pgBackRest works as the user of the server, whose files it reads and writes. */
  user: ServerUser;
}

/** The options that every call begins with. */
export const argumentsOf = ({ stanza, configFile }: PgbackrestCommand): string[] => [
  `--stanza=${stanza}`,
  ...(configFile === null ? [] : [`--config=${configFile}`]),
];

/** Numbers of its errors that mean something to whoever waits: https://github.com/pgbackrest/pgbackrest/blob/main/src/build/error/error.yaml */
const meanings: Record<number, [PhysicalRefusal, string]> = {
  26: ['physical_base_damaged', 'A file is not what was written.'],
  28: ['physical_base_damaged', 'A file of the repository cannot be read.'],
  29: ['physical_base_damaged', 'A file of the repository cannot be read.'],
  55: ['physical_base_incomplete', 'A file of the repository is missing.'],
  56: ['physical_unreachable', 'pgBackRest cannot reach the server.'],
  75: ['physical_not_found', 'There is no such base backup.'],
  82: ['physical_archive_stalled', 'The server does not hand over its log.'],
  87: ['physical_archive_stalled', 'The server does not hand over its log: archiving is off.'],
  95: ['physical_wrong_key', 'The repository is encrypted by another passphrase.'],
};

/** Another of its processes is at work, one perhaps that a killed worker left: it is tried again. */
const isLocked = 50;

export interface CommandOptions {
  signal: AbortSignal;
  onLine?(line: string): void;
}

/**
 * Calls pgBackRest and gives what it printed.
 *
 * @throws `physical_base_damaged` · `physical_base_incomplete` · `physical_unreachable` · `physical_not_found` · `physical_archive_stalled` ·
 *   `physical_wrong_key` · `physical_disk_full` · `physical_tool_failed`; an Error when it is locked, for which there is a next time
 */
export async function callPgbackrest(
  command: PgbackrestCommand,
  args: readonly string[],
  { signal, onLine }: CommandOptions,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(
    command.program,
    [...argumentsOf(command), '--log-level-console=off', '--log-level-stderr=error', ...args],
    {
      ...command.user,
      cwd: '/',
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const end = new Promise<number>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'ENOENT'
          ? physicalRefusal(
              'physical_tool_failed',
              'There is no pgBackRest on this machine (TENANTRY_PGBACKREST).',
              cause,
            )
          : cause,
      ),
    );
    child.once('close', (code) => resolve(code ?? -1));
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [out, said, code] = await Promise.all([linesOf(child.stdout, onLine), linesOf(child.stderr), end]);
    signal.throwIfAborted();
    if (code !== 0) throw explained(code, said);
    return out;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function linesOf(stream: NodeJS.ReadableStream, onLine?: (line: string) => void): Promise<string> {
  let held = '';
  for await (const piece of stream.setEncoding('utf8')) {
    held += piece as string;
    if (!onLine) continue;
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    lines.forEach(onLine);
  }
  return held;
}

/** Its words name folders and machines: they are for the log, and its number is for whoever asked. */
export function explained(code: number, said: string): Error {
  const cause = new Error(`pgBackRest ended with ${code}: ${said.trim().slice(0, 2_000)}`);
  if (code === isLocked) return cause;
  if (/No space left on device|\[28\]/.test(said))
    return physicalRefusal('physical_disk_full', 'pgBackRest has no room on its disk.', cause);
  const [refusal, text] = meanings[code] ?? ['physical_tool_failed', 'The log of the worker tells why.'];
  return physicalRefusal(refusal, `${text} (pgBackRest, error ${code})`, cause);
}
