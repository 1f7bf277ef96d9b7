import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { SetupError } from '#local/progress.ts';

const left = new Set(['node_modules', 'build', 'coverage', 'dist']);

/**
 * What takes longest, as a whole run tells in its end, begins first: nothing of it goes on alone when the others are through.
 */
const longest = [
  'test/drills/drills.test.ts',
  'test/local/upgrade/upgradeCluster.test.ts',
  'test/api/routes.test.ts',
  'test/cli/recover/recover.test.ts',
  'test/scenarios/recovery/recoverTenant.test.ts',
  'test/scenarios/runbooks/shipped/platform.test.ts',
  'test/scenarios/runbooks/shipped/servers.test.ts',
  'test/scenarios/backups/retention/lockedBucket.test.ts',
  'test/scenarios/replication/failover.test.ts',
  'test/scenarios/killed.test.ts',
  'test/scenarios/onboarding/onboardTenant.test.ts',
  'test/local/start.test.ts',
  'test/physical/pointInTime.test.ts',
  'test/scenarios/refilling/refill.test.ts',
  'test/cli/restorePlatform.test.ts',
];
const rank = (file: string): number => (longest.includes(file) ? longest.indexOf(file) : longest.length);

/** Every `*.test.ts` of the checkout, or those of the chosen files and folders. */
export async function testFiles(root: string, chosen: readonly string[]): Promise<string[]> {
  const places = chosen.length > 0 ? chosen.map((place) => resolve(root, place)) : [root];
  const found = (await Promise.all(places.map(filesOf))).flat();
  if (found.length === 0) throw new SetupError(`There is no *.test.ts in ${chosen.join(', ') || root}.`);
  const files = [...new Set(found)].map((file) => relative(root, file)).sort();
  return files.sort((one, other) => rank(one) - rank(other));
}

async function filesOf(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const entries = await readdir(place, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(place, entry.name);
      if (entry.isDirectory()) return left.has(entry.name) || entry.name.startsWith('.') ? [] : filesOf(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    }),
  );
  return found.flat();
}
