import type { Response } from 'express';
import { notesOf } from '../http/requestLog.ts';
import type { RequestContext, Route } from '../route.ts';
import type { Deadline } from './deadline.ts';

/** What a handler is given, its schemas forgotten. */
export type Input = Parameters<Route['handle']>[0];

/** Handles, checks what leaves, and writes it. */
export async function answer(
  route: Route,
  input: Input,
  context: RequestContext,
  { response, deadline }: { response: Response; deadline: Deadline },
): Promise<void> {
  const { body, bytes } = checked(route, await deadline.hold(route.handle(input, context)));
  if (body !== null && typeof body === 'object') noteIds(response, body as Record<string, unknown>);
  response.statusCode = statusOf(route, body);
  response.setHeader('Cache-Control', route.cacheControl ?? 'no-store');
  if (bytes === undefined) return void response.end();
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

interface Checked {
  body: unknown;
  bytes: Buffer | undefined;
}

/** Of what handlers give out again and again, frozen so that it cannot change under its bytes. */
const checkedBefore = new WeakMap<object, Checked>();

/** What the schema does not declare does not leave: unknown fields are dropped, wrong ones are a defect. */
function checked({ success }: Route, result: unknown): Checked {
  const isLasting = typeof result === 'object' && result !== null && Object.isFrozen(result);
  const known = isLasting ? checkedBefore.get(result) : undefined;
  if (known) return known;
  const body = success.body?.parse(result);
  const made = { body, bytes: body === undefined ? undefined : Buffer.from(JSON.stringify(body)) };
  if (isLasting) checkedBefore.set(result, made);
  return made;
}

const statusOf = ({ success }: Route, body: unknown): number =>
  success.also?.when(body) ? success.also.status : success.status;

function noteIds(response: Response, { tenantId, runId }: Record<string, unknown>): void {
  const { about } = notesOf(response);
  notesOf(response).about = {
    ...(typeof tenantId === 'string' ? { tenantId } : {}),
    ...(typeof runId === 'string' ? { runId } : {}),
    ...about,
  };
}
