import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './buildLock.ts';
import { checkout } from './paths.ts';
import { progress } from './progress.ts';
import { sourceHash, versionOf } from './sourceHash.ts';

const keptBundles = 5;
const packages = ['@temporalio/workflow', '@temporalio/worker', '@temporalio/interceptors-opentelemetry-v2'];

/** Everything that the bundle is made of: what workflows may import, and the two modules that the bundler is told of. */
const failureConverter = 'temporal/failureConverter.ts';
const places = ['workflows', 'contracts', failureConverter];

/**
 * Bundles the workflows ahead of the worker's start, which else spends more than a second on it each time.
 * The name is the sources' hash, and the file appears complete or not at all: any number of processes may ask at once.
 */
export async function buildWorkflows(root = checkout): Promise<string> {
  const dir = join(root, 'build', 'workflows');
  const hash = await sourceHash(root, places, await Promise.all(packages.map((name) => versionOf(checkout, name))));
  const file = join(dir, `${hash}.js`);
  if (existsSync(file)) return file;
  return progress('building the workflow bundle', () =>
    withLock(join(root, 'build', 'workflows.lock'), async () => {
      if (existsSync(file)) return file;
      const code = await bundle(root);
      await mkdir(dir, { recursive: true });
      const passing = `${file}.${process.pid}`;
      await writeFile(passing, code);
      await rename(passing, file);
      await removeOldBundles(dir);
      return file;
    }),
  );
}

async function bundle(root: string): Promise<string> {
  const [{ bundleWorkflowCode, DefaultLogger }, { tracingWorkflowModules }] = await Promise.all([
    import('@temporalio/worker'),
    import('#observability/temporalTracing.ts'),
  ]);
  const own = join(root, 'workflows', 'interceptors.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'workflows', 'index.ts'),
    // Tracing first, so that what the others do lies within its spans.
    workflowInterceptorModules: [...tracingWorkflowModules, ...(existsSync(own) ? [own] : [])],
    failureConverterPath: join(root, failureConverter),
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

/** A bundle is read when its worker starts, and not again. */
async function removeOldBundles(dir: string): Promise<void> {
  const bundles = (await readdir(dir)).filter((name) => name.endsWith('.js'));
  const aged = await Promise.all(bundles.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })));
  for (const { name } of aged.sort((one, other) => other.at - one.at).slice(keptBundles)) {
    await rm(join(dir, name), { force: true });
  }
}
