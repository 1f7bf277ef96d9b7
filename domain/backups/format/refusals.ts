import { DomainError, type ErrorCode } from '#contracts/errors.ts';
import { causesOf } from '../../causes.ts';
import { FileLocked, NotInPlace } from '../../places/place.ts';
import { BrokenSeal } from '../../places/sealedFile.ts';
import { isOfPacking } from './streams.ts';

/** Why a backup is not believed: each reason has its own code. */
export type BackupRefusal = Extract<ErrorCode, `backup_${string}`>;

export const refused = (code: BackupRefusal, text: string, cause?: unknown): DomainError =>
  new DomainError(code, text, { cause });

const full = 'The place for backups is full.';
const away = 'The place for backups is not there.';
const closed = 'The place for backups refuses us.';
const troubles: Record<string, [code: BackupRefusal, text: string]> = {
  ENOSPC: ['backup_place_full', full],
  EDQUOT: ['backup_place_full', full],
  EROFS: ['backup_place_refused', 'The place for backups takes no files.'],
  EACCES: ['backup_place_refused', closed],
  EPERM: ['backup_place_refused', closed],
  AccessDenied: ['backup_place_refused', closed],
  InvalidAccessKeyId: ['backup_place_refused', closed],
  SignatureDoesNotMatch: ['backup_place_refused', closed],
  ENOTDIR: ['backup_place_gone', away],
  NoSuchBucket: ['backup_place_gone', away],
  EntityTooLarge: ['backup_place_full', full],
  QuotaExceeded: ['backup_place_full', full],
};

const ofSources = new WeakSet<object>();

/** What is read, and not where it is put: what fails there says nothing of the place, although it may have the same code. */
export async function* fromSource<Piece>(pieces: AsyncIterable<Piece>): AsyncIterable<Piece> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof Object) ofSources.add(error);
    throw error;
  }
}

/** What trying again at once does not mend is told at once; the texts name no file. Anything else is an outage and passes as it is. */
export async function placed<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError || (error instanceof Object && ofSources.has(error))) throw error;
    if (error instanceof FileLocked) throw locked(error);
    for (const { code, name } of causesOf(error)) {
      const [refusal, text] = troubles[String(code)] ?? troubles[name] ?? [];
      if (refusal && text) throw refused(refusal, text, error);
    }
    throw error;
  }
}

/** Until when a lock keeps what could not be removed, where its place said so. */
export function lockEndOf(error: unknown): Date | null {
  for (const one of causesOf(error)) if (one instanceof FileLocked) return one.endsAt;
  return null;
}

function locked(error: FileLocked): DomainError {
  const until = error.endsAt ? ` until ${error.endsAt.toISOString()}` : '';
  return refused('backup_locked', `Its bucket lets nobody remove the backup${until}.`, error);
}

/**
 * What is wrong with a file that could not be read to its end.
 *
 * @param file `stored` bytes of it should lie in the place; `read` did, and `wasWhole` when there were no more
 */
export function brokenFile(
  what: string,
  error: unknown,
  file: { stored: number; read: number; wasWhole: boolean },
): unknown {
  if (error instanceof NotInPlace) return refused('backup_incomplete', `${what} is missing.`, error);
  if (!(error instanceof BrokenSeal) && !isOfPacking(error)) return error;
  return file.wasWhole && file.read < file.stored
    ? refused('backup_truncated', `${what} is cut short: ${file.read} of ${file.stored} bytes are there.`, error)
    : refused('backup_damaged', `${what} is not what was written.`, error);
}
