import { InterceptingCall, Metadata, status, type Interceptor, type InterceptingListener } from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

const details = 'the connection to Temporal was closed';

/**
 * A call that is repeated after a moment finds its channel closed when the process stops in that moment. grpc-js throws then, in a timer
 * where nobody catches it, and the process ends in the middle of its stopping; here the call is cancelled, and its caller is told.
 */
const cancelledWhenClosed: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch {
    return new InterceptingCall(neverBegun);
  }
};

const neverBegun = {
  start(_metadata: Metadata, listener?: Partial<InterceptingListener>): void {
    queueMicrotask(() => {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() });
    });
  },
  sendMessage: () => undefined,
  sendMessageWithContext: () => undefined,
  startRead: () => undefined,
  halfClose: () => undefined,
  cancelWithStatus: () => undefined,
  getPeer: () => 'closed',
  getAuthContext: () => null,
};

/** For `Connection`: repeats calls as the SDK does, and ends them with their connection. */
export const callInterceptors = (): Interceptor[] => [
  makeGrpcRetryInterceptor(defaultGrpcRetryOptions()),
  cancelledWhenClosed,
];
