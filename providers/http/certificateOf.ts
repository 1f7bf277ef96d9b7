import { isIP } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { addressesOf, NoAnswer } from './guardedFetch.ts';

const patienceMs = 10_000;

export interface ShownCertificate {
  /** SHA-256 of it, in hex with colons. */
  fingerprint: string;
  /** ISO 8601, UTC. */
  validFrom: string;
  validUntil: string;
  /** Why this machine does not believe its chain or its name; null where it does. */
  distrust: string | null;
}

/** What is shown to whoever connects by TLS; nothing is sent over the connection. Throws {@link NoAnswer}. */
export async function certificateOf(
  { host, port, signal }: { host: string; port: number; signal: AbortSignal },
  permitted: { toPrivateNetworks: boolean },
): Promise<ShownCertificate> {
  const deadline = AbortSignal.timeout(patienceMs);
  const stop = AbortSignal.any([deadline, signal]);
  const [first] = await addressesOf(host, permitted, stop);
  // What it shows is looked at, whoever signed it: the judgement is the caller's.
  const socket = connect({
    ...{ host: first!.address, port, rejectUnauthorized: false },
    ...(isIP(host) ? {} : { servername: host }),
  });
  const give = (): void => void socket.destroy(new Error('given up'));
  stop.addEventListener('abort', give, { once: true });
  try {
    await secured(socket);
    const shown: PeerCertificate = socket.getPeerCertificate();
    if (!shown.fingerprint256) throw new NoAnswer(host, 'unreachable');
    return {
      fingerprint: shown.fingerprint256,
      validFrom: new Date(shown.valid_from).toISOString(),
      validUntil: new Date(shown.valid_to).toISOString(),
      distrust: socket.authorized ? null : String(socket.authorizationError ?? 'unknown'),
    };
  } catch (cause) {
    if (cause instanceof NoAnswer || signal.aborted) throw cause;
    throw new NoAnswer(host, deadline.aborted ? 'timeout' : 'unreachable', { cause });
  } finally {
    stop.removeEventListener('abort', give);
    socket.destroy();
  }
}

const secured = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).on('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
