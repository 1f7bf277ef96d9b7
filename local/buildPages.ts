import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { withLock } from './buildLock.ts';
import { checkout } from './paths.ts';
import { progress, SetupError } from './progress.ts';
import { sourceHash, versionOf } from './sourceHash.ts';

const keptBuilds = 3;

/**
 * Builds the pages when their sources changed and returns the folder with `handler.js`. Each state of the sources has a
 * folder of its own, so that a running server never has its files exchanged below it; `web/build` is the newest as well.
 */
export async function buildPages(root = checkout): Promise<string> {
  const web = join(root, 'web');
  const packages = ['vite', 'svelte', '@sveltejs/kit', '@sveltejs/adapter-node', 'zod'];
  const hash = await sourceHash(
    root,
    ['web', 'contracts'],
    await Promise.all(packages.map((name) => versionOf(checkout, name))),
  );
  const dir = join(root, 'build', 'pages');
  const place = join(dir, hash);
  if (existsSync(join(place, 'handler.js'))) return place;
  return progress('building the pages', () =>
    withLock(join(root, 'build', 'pages.lock'), async () => {
      if (existsSync(join(place, 'handler.js'))) return place;
      await runVite(web);
      const passing = `${place}.${process.pid}`;
      await mkdir(dir, { recursive: true });
      await cp(join(web, 'build'), passing, { recursive: true });
      await rm(place, { recursive: true, force: true });
      await rename(passing, place);
      await removeOldBuilds(dir);
      return place;
    }),
  );
}

const runVite = (web: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const vite = join(dirname(createRequire(join(web, 'package.json')).resolve('vite/package.json')), 'bin', 'vite.js');
    const env = { ...process.env, NODE_ENV: 'production', NODE_V8_COVERAGE: '' };
    const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
      cwd: web,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const endWithUs = () => void child.kill();
    process.once('exit', endWithUs);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', endWithUs);
      if (code === 0) resolve();
      else
        reject(new SetupError(`The pages could not be built (vite build in web/ ended with ${code}):\n${said.trim()}`));
    });
  });

async function removeOldBuilds(dir: string): Promise<void> {
  const builds = await Promise.all(
    (await readdir(dir)).map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })),
  );
  for (const { name } of builds.sort((one, other) => other.at - one.at).slice(keptBuilds)) {
    await rm(join(dir, name), { recursive: true, force: true });
  }
}
