import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SetupError } from '../progress.ts';
import type { ServerUser } from './binaries.ts';

const run = promisify(execFile);

/** The major of a folder of programs, as `postgres` says it itself. */
export async function majorOfBinaries(bin: string, user: ServerUser): Promise<string> {
  const { stdout } = await run(join(bin, 'postgres'), ['--version'], { ...user, cwd: '/' });
  return /(\d+)(?:\.\d+)*(?:\s+\(.*\))?\s*$/.exec(stdout)?.[1] ?? '';
}

/** The major that wrote a data folder; empty where there is none. */
export const majorOfData = async (data: string): Promise<string> =>
  (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim();

/**
 * A data folder belongs to one major version of PostgreSQL, and no other reads it. Refuses one of another version before anything of it is
 * touched, with the ways out (docs/decisions/0106).
 */
export async function refuseOtherMajor({
  bin,
  home,
  data,
  user,
}: {
  bin: string;
  home: string;
  data: string;
  user: ServerUser;
}): Promise<void> {
  const written = await majorOfData(data);
  if (written === '') return;
  const brought = await majorOfBinaries(bin, user);
  if (brought === written) return;
  const isNewer = Number(written) > Number(brought);
  throw new SetupError(
    [
      `The data in ${data} was written by PostgreSQL ${written}; this version of Tenantry brings PostgreSQL ${brought}, which does not read it.`,
      'Nothing was changed. Ways out:',
      ...(isNewer
        ? []
        : [
            '- Move it, which keeps the old data beside the new and can be broken off and gone on with:',
            '    npm run tenantry -- postgres upgrade',
          ]),
      `- Start the version of Tenantry that wrote it${isNewer ? ', which is newer than this one' : ''}.`,
      `- Let PostgreSQL ${written} itself serve the folder, and start Tenantry on that server, which may stay so for good:`,
      `    pg_ctl start -D '${data}' -w            (of PostgreSQL ${written}, as the folder's owner; the port is in tenantry.conf there)`,
      `    DATABASE_URL=postgres://postgres:<the text of ${join(home, 'password')}>@127.0.0.1:<port>/postgres npm start`,
    ].join('\n'),
  );
}
