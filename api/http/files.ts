import type { Request } from 'express';
import { DomainError } from '#contracts/errors.ts';

/** What a route says of the file that it takes as its body. */
export interface TakenFile {
  types: readonly string[];
  limitBytes: number;
}

/** A file that comes slower than this is given up: 100 MB over 1 Mbit/s. */
export const fileSeconds = 15 * 60;

/**
 * The request's body as it arrives, never more of it in memory than what was not read yet. Refuses with `body_too_large`, before the
 * first byte where its length is told and else as soon as it is too long, and with `unsupported_media_type`.
 */
export async function* fileOf(request: Request, { types, limitBytes }: TakenFile): AsyncGenerator<Buffer> {
  const { 'content-length': length, 'content-encoding': coding } = request.headers;
  if (Number(length) > limitBytes) throw tooLarge(limitBytes);
  if (!request.is([...types])) throw new DomainError('unsupported_media_type', `Send the file as ${types.join(', ')}.`);
  if (coding !== undefined && coding !== 'identity')
    throw new DomainError('unsupported_media_type', 'Compressed bodies are not taken.');
  let bytes = 0;
  try {
    for await (const piece of request) {
      bytes += (piece as Buffer).length;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      yield piece as Buffer;
    }
  } catch (error) {
    if (error instanceof DomainError || !request.destroyed) throw error;
    throw new DomainError('invalid_request', 'The request ended before its body did.', { cause: error });
  }
}

const tooLarge = (limitBytes: number): DomainError =>
  new DomainError('body_too_large', `The file is larger than ${Math.floor(limitBytes / 1024 / 1024)} MB.`);
