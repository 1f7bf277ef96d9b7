import type { IncomingMessage } from 'node:http';

declare global {
  namespace App {
    interface Error {
      /** The API's stable code, when the failure came from there. */
      code?: string;
      /** What a suspended tenant's people are told. */
      notice?: string;
      /** What to quote when asking an operator to look into it. */
      requestId?: string;
    }
    interface PageState {
      /** The cursors of the pages before this one, so that "Previous" has somewhere to go. */
      trail?: string[];
    }
    /** What adapter-node hands over: the raw request, from whose socket this process's own address is known. */
    interface Platform {
      req: IncomingMessage;
    }
  }
}

export {};
