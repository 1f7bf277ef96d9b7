import { DomainError } from '#contracts/errors.ts';

/** Where a page ended: the sort value and the id of its last row. Opaque to callers, checked when it comes back. */
export const writeCursor = (value: string, id: string): string =>
  Buffer.from(JSON.stringify([value, id])).toString('base64url');

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function readCursor(cursor: string, kind: 'text' | 'time'): { value: string; id: string } {
  try {
    const [value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const valueFits = typeof value === 'string' && (kind === 'text' || !Number.isNaN(Date.parse(value)));
    if (valueFits && typeof id === 'string' && uuid.test(id) && !value.includes('\0')) return { value, id };
  } catch {
    // Answered below, like any other cursor that we did not write.
  }
  throw new DomainError('invalid_request', 'This cursor is not one that was handed out.', {
    fields: [{ path: 'cursor', message: 'is not valid' }],
  });
}
