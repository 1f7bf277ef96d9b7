import { open, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';

interface Pointed {
  name: string;
  host: string;
  port: number;
  systemIdentifier: string;
  timeline: number;
}

/** The book of who moves what, and where the primary is, in a folder of this machine: for when the registry is what was lost. */
export class FileBook {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async claim(names: string[], holder: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const mine: string[] = [];
    // In one order for everybody, so that of two who want both, one gets both.
    for (const name of names.toSorted()) {
      const file = join(this.#folder, `${name}.claim`);
      const written = await open(file, 'wx', 0o600).then(
        async (handle) => {
          await handle.writeFile(holder);
          await handle.close();
          return true;
        },
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (written) mine.push(file);
      else if ((await readFile(file, 'utf8').catch(() => '')) !== holder) {
        await Promise.all(mine.map((one) => rm(one, { force: true })));
        throw new DomainError('failover_in_progress', `Another execution moves "${name}".`);
      }
    }
  }

  async release(names: string[], holder: string): Promise<void> {
    for (const name of names) {
      const file = join(this.#folder, `${name}.claim`);
      if ((await readFile(file, 'utf8').catch(() => null)) === holder) await rm(file, { force: true });
    }
  }

  async repoint(_from: string, to: Pointed): Promise<number> {
    const file = join(this.#folder, `${to.systemIdentifier}.primary.json`);
    const known = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as Pointed,
      () => null,
    );
    if (known && known.name !== to.name && known.timeline >= to.timeline)
      throw new DomainError('server_fenced', `"${known.name}" is the primary on timeline ${known.timeline}.`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(to), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return 0;
  }

  /** Without the registry nobody sampled anything. */
  lastKnownLsn = async (): Promise<null> => null;
  holdRuns = async (): Promise<boolean> => false;
  resumeRuns = async (): Promise<number> => 0;
}
