import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';

interface Pointed {
  name: string;
  host: string;
  port: number;
  systemIdentifier: string;
  timeline: number;
}

/**
 * The book of who moves what, and where the primary is, in a folder of this machine: for when the registry is what was lost. What is looked at and
 * changed is so in one breath: a process that stood still in between would change what is another's by then.
 */
export class FileBook {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async claim(names: string[], holder: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const mine: string[] = [];
    // In one order for everybody, so that of two who want both, one gets both.
    for (const name of names.toSorted()) {
      const file = this.#claimOf(name);
      if (claimFile(file, holder)) mine.push(file);
      else if (textOf(file) !== holder) {
        for (const one of mine) rmSync(one, { force: true });
        throw new DomainError('failover_in_progress', `Another execution moves "${name}".`);
      }
    }
  }

  async release(names: string[], holder: string): Promise<void> {
    for (const file of names.map(this.#claimOf)) if (textOf(file) === holder) rmSync(file, { force: true });
  }

  async repoint(_from: string, to: Pointed): Promise<number> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, `${to.systemIdentifier}.primary.json`);
    const known = JSON.parse(textOf(file) ?? 'null') as Pointed | null;
    if (known && known.name !== to.name && known.timeline >= to.timeline)
      throw new DomainError('server_fenced', `"${known.name}" is the primary on timeline ${known.timeline}.`);
    writeFileSync(`${file}.new`, JSON.stringify(to), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return 0;
  }

  #claimOf = (name: string): string => join(this.#folder, `${name}.claim`);

  /** Without the registry nobody sampled anything. */
  lastKnownLsn = async (): Promise<null> => null;
  holdRuns = async (): Promise<boolean> => false;
  resumeRuns = async (): Promise<number> => 0;
}

/** Whole or not at all: a claim without its holder, of a process that was killed, would be nobody's and lock out everybody. */
function claimFile(file: string, holder: string): boolean {
  const passing = `${file}.${process.pid}`;
  writeFileSync(passing, holder, { mode: 0o600 });
  try {
    linkSync(passing, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(passing, { force: true });
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
