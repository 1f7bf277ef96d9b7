import { lookup } from 'node:dns/promises';
import { request as requestHttp, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { mayBeCalled } from './networks.ts';

const largestAnswerBytes = 256 * 1024;

export interface GuardedRequest {
  /** POST, unless said otherwise. */
  method?: 'GET' | 'HEAD' | 'POST';
  url: string;
  headers: Record<string, string>;
  body: string;
  /** From the first look-up to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called when somebody listens, before anything is said: from then on the call may have had an effect. */
  reached?: () => Promise<unknown>;
}

export interface GuardedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Why there was no answer. `host` may be told to people; addresses, headers and bodies may not. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly host: string;
  readonly why: 'address_forbidden' | 'name_unknown' | 'unreachable' | 'timeout' | 'answer_too_large';

  constructor(host: string, why: NoAnswer['why'], options?: ErrorOptions) {
    super(`${host}: ${why}`, options);
    this.host = host;
    this.why = why;
  }
}

/**
 * POSTs to an address that a user of ours chose, without becoming a way into this network (OWASP SSRF prevention): the name is
 * looked up once, every address it has is checked, and exactly these are connected to; redirects are answers like any other.
 * Throws {@link NoAnswer}.
 */
export async function guardedFetch(
  asked: GuardedRequest,
  permitted: { toPrivateNetworks: boolean },
): Promise<GuardedAnswer> {
  const url = new URL(asked.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const deadline = AbortSignal.timeout(asked.timeoutMs);
  const signal = asked.signal ? AbortSignal.any([deadline, asked.signal]) : deadline;
  const noAnswer = (why: NoAnswer['why'], cause?: unknown) =>
    new NoAnswer(host, deadline.aborted ? 'timeout' : why, { cause });

  const found = await addressesOf(host, permitted, signal).catch((error: unknown) => {
    throw error instanceof NoAnswer && deadline.aborted ? noAnswer(error.why, error) : error;
  });

  const checkedOnly: LookupFunction = (_name, { all }, answer) => {
    const [first] = found;
    if (all) (answer as (error: null, addresses: typeof found) => void)(null, found);
    else answer(null, first!.address, first!.family);
  };
  const isHttps = url.protocol === 'https:';
  const open = isHttps ? requestHttps : requestHttp;
  try {
    const request = open(url, {
      method: asked.method ?? 'POST',
      agent: false,
      lookup: checkedOnly,
      signal,
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'Tenantry',
        ...asked.headers,
        ...(asked.method === undefined || asked.method === 'POST'
          ? { 'content-length': Buffer.byteLength(asked.body) }
          : {}),
      },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject);
    });
    answered.catch(() => undefined); // awaited below, unless the connection fails first
    await connected(request, isHttps ? 'secureConnect' : 'connect');
    await asked.reached?.();
    request.end(asked.body);
    const response = await answered;
    return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response, host) };
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    if (asked.signal?.aborted) throw error;
    throw noAnswer('unreachable', error);
  }
}

/** What a name stands for, when every address of it may be called. Throws {@link NoAnswer}. */
export async function addressesOf(
  host: string,
  permitted: { toPrivateNetworks: boolean },
  signal: AbortSignal,
): Promise<{ address: string; family: number }[]> {
  const found = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await withSignal(lookup(host, { all: true }), signal).catch((cause: unknown) => {
        throw new NoAnswer(host, 'name_unknown', { cause });
      });
  if (found.length === 0) throw new NoAnswer(host, 'name_unknown');
  if (!found.every(({ address }) => mayBeCalled(address, permitted))) throw new NoAnswer(host, 'address_forbidden');
  return found;
}

/** Nothing has been sent before: node writes the head with the first byte of the body. */
const connected = (request: ClientRequest, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('socket', (socket) => void socket.once(event, () => resolve()));
  });

async function textOf(response: IncomingMessage, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestAnswerBytes) throw new NoAnswer(host, 'answer_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const withSignal = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });

/** How long the other side asks to be left alone (RFC 9110, 10.2.3); null when it does not say. */
export function retryAfterMs({ 'retry-after': said }: IncomingHttpHeaders, now = Date.now()): number | null {
  if (said === undefined) return null;
  if (/^\d+$/.test(said)) return Number(said) * 1000;
  const at = Date.parse(said);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
