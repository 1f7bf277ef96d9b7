import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresBinaries, serverUser } from '../postgres/binaries.ts';
import { scratchOf, spoolOf } from '../postgres/spool.ts';

/** The server that comes along puts its log aside only where somebody takes it away. */
export const wantsPhysical = (given: NodeJS.ProcessEnv): boolean =>
  given.TENANTRY_PHYSICAL_BACKUP === 'lowlevel' && !given.DATABASE_URL;

/** What backups of the server that comes along need to know of it; what somebody else's server needs, its people say. */
export async function physicalEnvironment(
  dataDir: string,
  adminUrl: string,
  given: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  if (!wantsPhysical(given)) return {};
  const home = await realpath(join(dataDir, 'postgres'));
  return {
    TENANTRY_PHYSICAL_BACKUP: 'lowlevel',
    TENANTRY_PHYSICAL_DATABASE_URL: adminUrl,
    TENANTRY_WAL_SPOOL: spoolOf(home),
    TENANTRY_SCRATCH_DIR: scratchOf(home),
    TENANTRY_POSTGRES_BIN: await postgresBinaries(await serverUser()),
  };
}
