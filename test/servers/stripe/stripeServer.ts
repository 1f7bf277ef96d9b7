import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Intent {
  id: string;
  object: 'payment_intent';
  amount: number;
  currency: string;
  customer: string;
  created: number;
  status: string;
  metadata: Record<string, string>;
  last_payment_error: { code: string; decline_code?: string } | null;
}

interface Answer {
  status: number;
  body: unknown;
}

/** What goes wrong with the next call of a kind: before it has an effect, or after it, when only the answer is lost. */
export interface StripeFault {
  at: 'create' | 'capture' | 'cancel' | 'read' | 'list';
  when: 'before' | 'after';
  /** An HTTP status with an error of the API's kind, or no answer at all. */
  how: 500 | 429 | 401 | 'silence';
  times: number;
}

/**
 * The part of Stripe's API that holds, takes and lets go money, with its states and its idempotency keys: a key repeats its first answer, and
 * refuses other parameters. Cards are declined, or want their holder, by the name of the payment method.
 */
export class StripeServer {
  readonly intents = new Map<string, Intent>();
  readonly calls: { at: StripeFault['at']; idempotencyKey: string | undefined; authorization: string | undefined }[] =
    [];
  /** How often money was held, taken and let go, by the renewal in the metadata. */
  readonly effects: string[] = [];
  readonly url: string;
  fault: StripeFault | null = null;
  readonly #server: Server;
  readonly #kept = new Map<string, { form: string; answer: Answer }>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<StripeServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const stripe = new StripeServer(server);
    server.on('request', (request, response) => void stripe.#serve(request, response));
    return stripe;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  of(renewalId: string): Intent | undefined {
    return [...this.intents.values()].find(({ metadata }) => metadata['renewal'] === renewalId);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '', this.url);
    const [, , , id, verb] = url.pathname.split('/');
    const at = callOf(request.method ?? '', id, verb);
    const idempotencyKey = request.headers['idempotency-key'] as string | undefined;
    this.calls.push({ at, idempotencyKey, authorization: request.headers.authorization });
    if (this.#fails(at, 'before', response)) return;
    const answer = this.#once(idempotencyKey, form, () => this.#answer(at, id ?? '', new URLSearchParams(form), url));
    if (this.#fails(at, 'after', response)) return;
    send(response, answer);
  }

  #fails(at: StripeFault['at'], when: StripeFault['when'], response: ServerResponse): boolean {
    const { fault } = this;
    if (!fault || fault.at !== at || fault.when !== when || fault.times === 0) return false;
    fault.times -= 1;
    if (fault.how === 'silence') response.destroy();
    else send(response, { status: fault.how, body: { error: { type: 'api_error', message: 'Planted.' } } });
    return true;
  }

  #once(key: string | undefined, form: string, answer: () => Answer): Answer {
    const kept = key === undefined ? undefined : this.#kept.get(key);
    if (kept) return kept.form === form ? kept.answer : refusal(400, { type: 'idempotency_error' });
    const first = answer();
    if (key !== undefined) this.#kept.set(key, { form, answer: first });
    return first;
  }

  #answer(at: StripeFault['at'], id: string, form: URLSearchParams, url: URL): Answer {
    if (at === 'create') return this.#create(form);
    if (at === 'list') {
      const data = [...this.intents.values()].filter(
        ({ customer, created }) =>
          customer === url.searchParams.get('customer') && created >= Number(url.searchParams.get('created[gte]')),
      );
      return { status: 200, body: { object: 'list', data: data.toReversed(), has_more: false } };
    }
    const intent = this.intents.get(id);
    if (!intent) return refusal(404, { type: 'invalid_request_error', code: 'resource_missing' });
    if (at === 'read') return { status: 200, body: intent };
    const [from, to] =
      at === 'capture'
        ? [['requires_capture'], 'succeeded']
        : [['requires_payment_method', 'requires_capture', 'requires_confirmation', 'requires_action'], 'canceled'];
    if (!from.includes(intent.status))
      return refusal(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state' });
    this.#move(intent, to);
    return { status: 200, body: { ...intent } };
  }

  #create(form: URLSearchParams): Answer {
    const method = form.get('payment_method');
    const intent: Intent = {
      id: `pi_${this.intents.size + 1}`,
      object: 'payment_intent',
      amount: Number(form.get('amount')),
      currency: form.get('currency') ?? '',
      customer: form.get('customer') ?? '',
      created: Math.floor(Date.now() / 1000),
      status: 'requires_confirmation',
      metadata: { renewal: form.get('metadata[renewal]') ?? '' },
      last_payment_error: null,
    };
    if (method === 'pm_missing') return refusal(400, { type: 'invalid_request_error', code: 'resource_missing' });
    this.intents.set(intent.id, intent);
    if (form.get('confirm') !== 'true') return { status: 200, body: { ...intent } };
    if (method === 'pm_declined') {
      intent.status = 'requires_payment_method';
      intent.last_payment_error = { code: 'card_declined', decline_code: 'insufficient_funds' };
      return refusal(402, { type: 'card_error', ...intent.last_payment_error, payment_intent: { ...intent } });
    }
    this.#move(intent, method === 'pm_action' ? 'requires_action' : 'requires_capture');
    return { status: 200, body: { ...intent } };
  }

  #move(intent: Intent, to: string): void {
    intent.status = to;
    this.effects.push(`${to} ${intent.metadata['renewal'] ?? ''}`);
  }
}

function callOf(method: string, id: string | undefined, verb: string | undefined): StripeFault['at'] {
  if (verb === 'capture' || verb === 'cancel') return verb;
  if (method === 'POST') return 'create';
  return id === undefined ? 'list' : 'read';
}

const refusal = (status: number, error: object): Answer => ({ status, body: { error } });

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1' }).end(JSON.stringify(body));
}
