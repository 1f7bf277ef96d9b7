import express, { type Request, type Response } from 'express';
import { DomainError } from '#contracts/errors.ts';

export const bodyLimitBytes = 256 * 1024;

// `strict: false`: that `null` or `7` is no object is the schema's to say.
const parse = express.json({ limit: bodyLimitBytes, inflate: false, strict: false, type: 'application/json' });

/**
 * The request's JSON; undefined when there is no body. Nothing is read that is too large or of another type; of a body that does
 * not say its length no more than the limit is kept.
 */
export async function readBody(request: Request, response: Response): Promise<unknown> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length === 0 && request.headers['transfer-encoding'] === undefined) return undefined;
  if (length > bodyLimitBytes) throw new DomainError('body_too_large', 'The body is larger than 256 kB.');
  if (!request.is('application/json'))
    throw new DomainError('unsupported_media_type', 'Send the body as application/json.');
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error ? reject(error as Error) : resolve()));
  });
  return request.body as unknown;
}
