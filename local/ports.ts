import { createServer } from 'node:net';
import { SetupError } from './progress.ts';

const loopback = '127.0.0.1';

const listenOnce = (port: number, host: string): Promise<number | NodeJS.ErrnoException> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });

export const portIsFree = async (port: number, host = loopback): Promise<boolean> =>
  typeof (await listenOnce(port, host)) === 'number';

/** Given out in this process already, and perhaps not bound yet by whoever asked. */
const givenOut = new Set<number>();

/** Different ports that are free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = await listenOnce(0, loopback);
    if (typeof port !== 'number') throw port;
    if (givenOut.has(port)) continue;
    givenOut.add(port);
    found.push(port);
  }
  return found;
}

export interface PortWish {
  /** The environment variable that chooses it, named when the port is taken. */
  variable: string;
  what: string;
  chosen?: number | undefined;
  /** Taken when nothing was chosen; if somebody else has it, any free one serves as well. */
  usual?: number | undefined;
  host?: string;
}

/** A port that somebody chose is theirs or an error that names it; one that nobody chose gives way. */
export async function settlePort({ variable, what, chosen, usual, host = loopback }: PortWish): Promise<number> {
  if (chosen) {
    const result = await listenOnce(chosen, host);
    if (typeof result !== 'number') throw portRefused({ variable, what, port: chosen, host, cause: result });
    return chosen;
  }
  if (usual && (await portIsFree(usual, host))) return usual;
  return (await freePorts(1))[0]!;
}

export function portRefused(refused: {
  variable: string;
  what: string;
  port: number;
  host: string;
  cause: NodeJS.ErrnoException;
}): SetupError {
  const { variable, what, port, host, cause } = refused;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'is taken by another program',
    EACCES: 'may not be used by this user',
    EADDRNOTAVAIL: `is not to be had, as ${host} is no address of this machine`,
  };
  return new SetupError(
    [
      `Port ${port} (${what}) ${reasons[cause.code ?? ''] ?? `cannot be used: ${cause.message}`}.`,
      `Choose another with ${variable}, for instance: ${variable}=${port < 65000 ? port + 1 : 4400} npm start`,
    ].join('\n'),
    { cause },
  );
}

export function portFrom(env: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new SetupError(`${variable} must be a port between 0 and 65535 (0 means any free one), but is "${text}".`);
  }
  return port || undefined;
}
