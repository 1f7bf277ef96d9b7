import type { Request } from 'express';
import { DomainError } from '#contracts/errors.ts';

export const bodyLimitBytes = 256 * 1024;
/** The server waits longer than this, for files. */
const bodyMs = 30_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const otherCharset = /;\s*charset\s*=\s*(?!"?utf-8"?\s*(?:;|$))/i;

/**
 * The request's JSON; undefined when there is no body. Nothing is read that says it is too large or of another type; a body that
 * does not say its length is refused as soon as it is too long, without waiting for its end.
 */
export async function readBody(request: Request): Promise<unknown> {
  const { 'content-length': length = '0', 'transfer-encoding': chunked, 'content-encoding': coding } = request.headers;
  if (Number(length) === 0 && chunked === undefined) return undefined;
  if (Number(length) > bodyLimitBytes) throw tooLarge();
  if (!request.is('application/json')) throw unsupported('Send the body as application/json.');
  if (otherCharset.test(request.headers['content-type'] ?? '')) throw unsupported('The body must be UTF-8.'); // RFC 8259, 8.1
  if (coding !== undefined && coding !== 'identity') throw unsupported('Compressed bodies are not taken.');
  const bytes = await collect(request);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new DomainError('bad_json', 'The body is not valid JSON.', { cause: error });
  }
}

function collect(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const late = setTimeout(() => {
      reject(new DomainError('invalid_request', 'The body took longer than 30 seconds.'));
      setTimeout(() => request.destroy(), 1_000).unref(); // it is told by then; nothing more is waited for
    }, bodyMs);
    request.once('close', () => clearTimeout(late)).once('end', () => clearTimeout(late));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimitBytes) return void chunks.push(chunk);
      chunks.length = 0; // what still comes is dropped by node once the refusal is sent
      reject(tooLarge());
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('close', () => {
      if (!request.readableEnded) reject(new DomainError('invalid_request', 'The request ended before its body did.'));
    });
  });
}

const unsupported = (detail: string): DomainError => new DomainError('unsupported_media_type', detail);
const tooLarge = (): DomainError => new DomainError('body_too_large', 'The body is larger than 256 kB.');
