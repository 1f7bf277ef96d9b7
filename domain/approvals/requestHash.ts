import { createHash } from 'node:crypto';
import { inOrder } from '../inOrder.ts';
import { json } from '../sql.ts';

/** A request as its schemas understood it, so that what is hashed is what is carried out. */
export interface ExactRequest {
  method: string;
  /** With its parameters filled in, without its query. */
  path: string;
  query: unknown;
  body: unknown;
  /** What the request depends on and does not say itself: what a role permits that it gives. */
  state?: unknown;
}

/** SHA-256 over everything that makes a request this one, and who may send it. Another comma in its body is another request. */
export const requestHashOf = ({ method, path, query, body, state }: ExactRequest, requesterId: string): Buffer =>
  createHash('sha256')
    .update(
      json(
        inOrder({
          method,
          path,
          query: query ?? null,
          body: body ?? null,
          requesterId,
          ...(state === undefined ? {} : { state }),
        }),
      ),
    )
    .digest();
