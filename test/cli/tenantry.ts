import { execFile } from 'node:child_process';
import { checkout } from '#local/paths.ts';

export interface Ended {
  code: number;
  said: string;
}

/** The command as a person runs it, with nothing in its environment but what is given. */
export const tenantry = (args: string[], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) =>
    execFile(
      process.execPath,
      ['cli/main.ts', ...args],
      {
        cwd: checkout,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...env },
      },
      (error, stdout, stderr) => resolve({ code: (error?.code as number | undefined) ?? 0, said: stdout + stderr }),
    ),
  );
