import type { Request, Response } from 'express';
import { DomainError } from '#contracts/errors.ts';
import { writeEvents } from '../http/eventStream.ts';
import type { RequestContext, StreamRoute } from '../route.ts';
import { bearerOf } from '../signIn/caller.ts';
import type { Admitted } from './admission/admit.ts';
import type { Input } from './answer.ts';
import type { HandlerInput } from './handlerInput.ts';

/** Writes the states that the handler yields until the run is over, the reader leaves, the sign-in or the permission ends, or the API stops. */
export async function stream(
  { stream: { event: name, data: schema }, ...route }: StreamRoute,
  input: Input & HandlerInput,
  context: RequestContext,
  {
    request,
    response,
    admitted,
    stopping,
  }: { request: Request; response: Response; admitted: Admitted; stopping: AbortSignal },
): Promise<void> {
  const signedOut = new AbortController();
  const { caller, token, refuseIfNoMore } = admitted;
  const end = () => signedOut.abort();
  const unwatch = [
    caller.key
      ? context.apiKeys.watch(bearerOf(request) ?? '', end)
      : token
        ? context.sessions.watch(token, end)
        : () => undefined,
    context.access.onChange(() => {
      refuseIfNoMore().catch((error: unknown) => {
        // That the registry is away refuses nothing: it is asked again when it is back.
        if (error instanceof DomainError) signedOut.abort();
      });
    }),
  ];
  const signal = AbortSignal.any([input.signal, stopping, signedOut.signal]);
  async function* checked() {
    for await (const { id, data } of route.handle(input.until(signal), context))
      yield { id, data: serialised(schema, data) };
  }
  try {
    if (request.method === 'HEAD') {
      const events = checked();
      await events.next(); // refuses what there is nothing to follow of
      await events.return(undefined);
      return void response.set('Content-Type', 'text/event-stream; charset=utf-8').end();
    }
    await writeEvents(response, checked(), { name, signal });
  } finally {
    for (const stop of unwatch) stop();
  }
}

/** All watchers of one version are sent the same text. */
const texts = new WeakMap<object, string>();

function serialised(schema: StreamRoute['stream']['data'], data: unknown): string {
  const known = texts.get(data as object);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema.parse(data));
  texts.set(data as object, text);
  return text;
}
