import { inspect } from 'node:util';

const quietMs = 1000;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One line when the work is done; one before it as well when it is long enough for a person to wonder. */
export async function progress<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const announce = setTimeout(() => console.log(`· ${title} …`), quietMs);
  try {
    const result = await work();
    console.log(`· ${title} … ${seconds(performance.now() - began)}`);
    return result;
  } finally {
    clearTimeout(announce);
  }
}

export const note = (text: string): void => console.log(`· ${text}`);

/** Thrown for what a person can mend: printed without a stack trace, as it stands. */
export class SetupError extends Error {
  override name = 'SetupError';
}

const isForPeople = (error: unknown): error is Error =>
  error instanceof SetupError || (error instanceof Error && error.name === 'ConfigurationError');

/** Runs a command's main function; what goes wrong ends the process with a text, not with a stack trace of the launcher. */
export function runCommand(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(`\n${isForPeople(error) ? error.message : inspect(error)}\n`);
    process.exit(1);
  });
}
