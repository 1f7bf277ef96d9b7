import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { note, SetupError } from '../progress.ts';
import { canEnter, reachablePlace, type ServerUser } from './binaries.ts';

/**
 * `<data folder>/postgres`, or, where PostgreSQL's user cannot enter that, a link from there to a place where it can:
 * opening the folders above the checkout to other users is not ours to do.
 */
export async function homeOf(dataDir: string, user: ServerUser): Promise<string> {
  const home = resolve(dataDir, 'postgres');
  // Others may pass through the data folder, and see nothing in it.
  if (user.uid !== undefined) await chmod(dataDir, 0o711);
  const present = await realpath(home).catch(() => null);
  if (present) {
    await own(present, user);
    if (await canEnter(present, user)) return present;
    throw new SetupError(
      `PostgreSQL's user cannot enter ${present} any more: open the folders above it to other users (chmod o+x), or move it.`,
    );
  }
  await rm(home, { force: true }); // a link whose target was deleted
  if (await canEnter(dataDir, user)) {
    await mkdir(home, { mode: 0o700 });
    await own(home, user);
    return home;
  }
  await mkdir(reachablePlace, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw new SetupError(
      [
        `PostgreSQL's user cannot enter ${dataDir}, and ${reachablePlace} cannot be made for its data.`,
        'Choose a folder that other users may pass through: TENANTRY_DATA_DIR=/srv/tenantry npm start',
      ].join('\n'),
      { cause },
    );
  });
  const place = await mkdtemp(join(reachablePlace, `${basename(dirname(resolve(dataDir)))}-`));
  await chmod(place, 0o711);
  await writeFile(join(place, 'belongs-to'), `${resolve(dataDir)}\n`, { mode: 0o600 });
  const actual = join(place, 'postgres');
  await mkdir(actual, { mode: 0o700 });
  await own(actual, user);
  await symlink(actual, home);
  note(`PostgreSQL's data lies in ${actual}, as its user cannot enter ${dataDir}`);
  return actual;
}

export const own = async (path: string, { uid, gid }: ServerUser): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
};
