import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, checkout } from '#local/paths.ts';
import { progress } from '#local/progress.ts';

const run = promisify(execFile);
const buildMs = 600_000;

export interface Command {
  file: string;
  args: string[];
  cwd: string;
}

/** What this machine lacks, and the way out. */
export class NoToolchain extends Error {
  override readonly name = 'NoToolchain';
}

/** The Python example with its own packages, which are fetched once for all checkouts. */
export async function pythonWorker(): Promise<Command> {
  const cwd = join(checkout, 'examples/python');
  const requirements = await readFile(join(cwd, 'requirements.txt'));
  const python = process.env['PYTHON'] ?? 'python3';
  const place = join(cacheDir(), 'examples', `python-${shortHash(requirements)}`);
  const complete = join(place, 'complete');
  if (!(await exists(complete)))
    await progress('fetching the packages of the Python example', async () => {
      try {
        await rm(place, { recursive: true, force: true });
        await run(python, ['-m', 'venv', place]);
        const pip = [
          '-m',
          'pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          '--require-hashes',
          '-r',
          'requirements.txt',
        ];
        await run(join(place, 'bin/python'), pip, { cwd, timeout: buildMs });
        await writeFile(complete, '');
      } catch (error) {
        throw lacking(
          'Python 3.10 or newer with venv (PYTHON names another than python3), and its package index',
          error,
        );
      }
    });
  return { file: join(place, 'bin/python'), args: ['-B', 'worker.py'], cwd };
}

/** The Go example, built once for its sources. */
export async function goWorker(): Promise<Command> {
  const cwd = join(checkout, 'examples/go');
  const names = (await readdir(cwd)).filter((name) => /\.(?:go|mod|sum)$/.test(name)).toSorted();
  const sources = await Promise.all(names.map((name) => readFile(join(cwd, name))));
  const place = join(cacheDir(), 'examples', `go-${shortHash(Buffer.concat(sources))}`);
  const binary = join(place, 'worker');
  if (!(await exists(binary)))
    await progress('building the Go example', async () => {
      try {
        await mkdir(place, { recursive: true });
        await run('go', ['build', '-mod=readonly', '-buildvcs=false', '-o', `${binary}.${process.pid}`, '.'], {
          cwd,
          timeout: buildMs,
        });
        await rename(`${binary}.${process.pid}`, binary);
      } catch (error) {
        throw lacking('Go 1.23 or newer, and its module proxy', error);
      }
    });
  return { file: binary, args: [], cwd };
}

const lacking = (what: string, cause: unknown): NoToolchain => {
  const said = (cause as { stderr?: string }).stderr ?? (cause as Error).message;
  return new NoToolchain(`this example needs ${what}:\n${said.trim().split('\n').slice(-4).join('\n')}`, { cause });
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const shortHash = (content: Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16);
