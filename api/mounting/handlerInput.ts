import type { Request, Response } from 'express';
import type { Actor } from '#domain/events/appendEvent.ts';
import type { Caller } from '../signIn/caller.ts';
import { fileOf } from '../http/files.ts';
import type { AnyRoute } from '../route.ts';
import type { Admitted } from './admission/admit.ts';
import { demandOf, mayOf, reachOf, type Questions } from './admission/permitted.ts';

/** What of one request a handler is given. Getters, because most requests are answered without most of it. */
export class HandlerInput implements Questions {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly actor: Actor;
  readonly signedIn: Caller['signedIn'];
  readonly key: Caller['key'];
  readonly worker: Caller['worker'];
  readonly principal: Admitted['principal'];
  readonly #route: AnyRoute;
  readonly #admitted: Admitted;
  readonly #request: Request;
  readonly #response: Response;
  #signal: AbortSignal | null = null;

  constructor(route: AnyRoute, admitted: Admitted, request: Request, response: Response) {
    this.params = admitted.params;
    this.query = admitted.query;
    this.body = admitted.body;
    this.actor = admitted.actor;
    this.signedIn = admitted.caller.signedIn;
    this.key = admitted.caller.key;
    this.worker = admitted.caller.worker;
    this.principal = admitted.principal;
    this.#route = route;
    this.#admitted = admitted;
    this.#request = request;
    this.#response = response;
  }

  get reach(): Questions['reach'] {
    return reachOf(this.#admitted, this.#route);
  }

  get may(): Questions['may'] {
    return mayOf(this.#admitted);
  }

  get demand(): Questions['demand'] {
    return demandOf(this.#admitted);
  }

  get file(): AsyncIterable<Buffer> {
    if (!('file' in this.#route) || !this.#route.file) throw new Error(`${this.#route.path} takes no file`);
    return fileOf(this.#request, this.#route.file);
  }

  get header(): (name: string) => string | undefined {
    return (name) => this.#request.get(name);
  }

  /** Aborted when the connection is gone before the answer is. */
  get signal(): AbortSignal {
    if (!this.#signal) {
      const gone = new AbortController();
      this.#response.once('close', () => {
        if (!this.#response.writableFinished) gone.abort();
      });
      this.#signal = gone.signal;
    }
    return this.#signal;
  }

  /** From now on given up by this signal. */
  until(signal: AbortSignal): this {
    this.#signal = signal;
    return this;
  }
}
