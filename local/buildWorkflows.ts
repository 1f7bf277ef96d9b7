import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkout } from './paths.ts';
import { progress } from './progress.ts';
import { sourceHash, versionOf } from './sourceHash.ts';

const keptBundles = 5;

/**
 * Bundles the workflows ahead of the worker's start, which else spends more than a second on it each time.
 * The name is the sources' hash, and the file appears complete or not at all: any number of processes may ask at once.
 */
export async function buildWorkflows(root = checkout): Promise<string> {
  const dir = join(root, 'build', 'workflows');
  const packages = ['@temporalio/workflow', '@temporalio/worker', '@temporalio/interceptors-opentelemetry-v2'];
  const versions = await Promise.all(packages.map((name) => versionOf(checkout, name)));
  const hash = await sourceHash(root, ['workflows', 'contracts'], versions);
  const file = join(dir, `${hash}.js`);
  if (existsSync(file)) return file;
  return progress('building the workflow bundle', async () => {
    const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'workflows', 'index.ts'),
      workflowInterceptorModules: interceptorModules(root),
      logger: new DefaultLogger('WARN'),
    });
    await mkdir(dir, { recursive: true });
    const passing = `${file}.${process.pid}`;
    await writeFile(passing, code);
    await rename(passing, file);
    await removeOldBundles(dir);
    return file;
  });
}

/** Tracing across the workflow's border, and Tenantry's own; both lie inside the bundle. */
export function interceptorModules(root = checkout): string[] {
  const tracing = createRequire(import.meta.url).resolve(
    '@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors',
  );
  const own = join(root, 'workflows', 'interceptors.ts');
  return [tracing, ...(existsSync(own) ? [own] : [])];
}

/** A bundle is read when its worker starts, and not again. */
async function removeOldBundles(dir: string): Promise<void> {
  const bundles = (await readdir(dir)).filter((name) => name.endsWith('.js'));
  const aged = await Promise.all(bundles.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })));
  for (const { name } of aged.sort((one, other) => other.at - one.at).slice(keptBundles)) {
    await rm(join(dir, name), { force: true });
  }
}
