import type { RequestHandler } from 'express';
import { withLogContext } from '#observability/logging.ts';
import { notesOf } from '../http/requestLog.ts';
import type { AnyRoute } from '../route.ts';
import { admissionTo } from './admission/admit.ts';
import { admissionToPortal } from './admission/admitToPortal.ts';
import { withApproval } from './admission/approval.ts';
import { answer, type Input } from './answer.ts';
import { Deadline } from './deadline.ts';
import { download } from './download.ts';
import type { handlerContexts } from './handlerContext.ts';
import { HandlerInput } from './handlerInput.ts';
import type { Mounting } from './mountRoutes.ts';
import { stream } from './stream.ts';

/** Admits, then hands over to the route's own handler with what belongs to this one request. */
export function serve(
  route: AnyRoute,
  mounting: Mounting,
  contextFor: ReturnType<typeof handlerContexts>,
): RequestHandler {
  const { context, stopping } = mounting;
  const { portal } = route;
  const admit = portal ? admissionToPortal({ ...route, portal }, mounting) : admissionTo(route, mounting);

  return async (request, response) => {
    const notes = notesOf(response);
    notes.route = route.path;
    notes.params = request.params; // the router forgets them where errors are answered
    const deadline = new Deadline();
    response.once('close', () => deadline.end());
    const admitted = await deadline.hold(admit(request, response, deadline));
    const input = new HandlerInput(route, admitted, request, response) as HandlerInput & Input;
    const requestContext = contextFor(route, admitted, request, response);
    const handle = () =>
      'stream' in route
        ? stream(route, input, requestContext, { request, response, admitted, stopping })
        : 'download' in route
          ? download(route, input, requestContext, { response, isHead: request.method === 'HEAD', stopping })
          : withApproval(route, { request, admitted, deadline }, context, () =>
              answer(route, input, requestContext, { response, deadline }),
            );
    await (route.params ? withLogContext(admitted.params as object, handle) : handle());
  };
}
