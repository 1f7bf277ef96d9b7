import { z } from 'zod';
import { ProviderError } from '../provider.ts';

/** Shorter than an attempt of the activity: what is asked is over before somebody else asks. */
const deadlineMs = 20_000;
/** The shapes below are this version's, whatever the account's default becomes. */
const apiVersion = '2024-06-20';

/** What of a PaymentIntent matters here. */
export const PaymentIntent = z.object({
  id: z.string(),
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'canceled',
    'succeeded',
  ]),
  metadata: z.record(z.string(), z.string()).nullish(),
  last_payment_error: z.object({ code: z.string().nullish(), decline_code: z.string().nullish() }).nullish(),
});
export type PaymentIntent = z.infer<typeof PaymentIntent>;

export const PaymentIntents = z.object({ data: z.array(PaymentIntent), has_more: z.boolean() });

const Refusal = z.object({
  error: z.object({
    type: z.string(),
    code: z.string().nullish(),
    decline_code: z.string().nullish(),
    payment_intent: PaymentIntent.nullish(),
  }),
});

/** Stripe has understood and says no: asking the same again leads to the same. */
export class StripeRefusal extends Error {
  override readonly name = 'StripeRefusal';
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly intent: PaymentIntent | null;

  constructor(status: number, { error }: z.infer<typeof Refusal>) {
    const code = codeOf(error.decline_code) ?? codeOf(error.code) ?? codeOf(error.type) ?? 'refused';
    super(`Stripe refused: ${code}`);
    this.status = status;
    this.type = error.type;
    this.code = code;
    this.intent = error.payment_intent ?? null;
  }
}

/** Codes are lower-case words; whatever else stood there is told to nobody. */
export const codeOf = (code: string | null | undefined): string | null =>
  code && /^[a-z0-9_]{1,60}$/.test(code) ? code : null;

export interface StripeClient {
  post<Answer extends z.ZodType>(
    path: string,
    form: Record<string, string>,
    of: { answer: Answer; idempotencyKey: string },
  ): Promise<z.output<Answer>>;
  get<Answer extends z.ZodType>(
    path: string,
    query: Record<string, string>,
    of: { answer: Answer },
  ): Promise<z.output<Answer>>;
}

/**
 * The few calls of Stripe's API that payments need. Throws {@link StripeRefusal}, and `ProviderError` for what may have had an effect or may
 * have one later. Neither key nor bodies are in any text.
 */
export function stripeClient({ secretKey, apiUrl }: { secretKey: string; apiUrl: string }): StripeClient {
  const ask = async <Answer extends z.ZodType>(
    path: string,
    init: { method: string; headers?: Record<string, string>; body?: string },
    answer: Answer,
  ): Promise<z.output<Answer>> => {
    const response = await fetch(`${apiUrl}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${secretKey}`, 'Stripe-Version': apiVersion, ...init.headers },
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    }).catch((cause: unknown) => {
      throw new ProviderError('Stripe', 'Stripe was not reached, or did not answer in time.', { cause });
    });
    const requestId = response.headers.get('request-id') ?? undefined;
    const outage = (why: string, cause?: unknown) =>
      new ProviderError('Stripe', why, { cause, ...(requestId ? { requestId } : {}), ...retryAfter(response) });
    const body: unknown = await response.json().catch((cause: unknown) => {
      throw outage(`Stripe answered ${response.status} with what is no JSON.`, cause);
    });
    if (response.ok) {
      const parsed = answer.safeParse(body);
      if (parsed.success) return parsed.data;
      throw outage('Stripe answered in a shape that is not its own.', parsed.error);
    }
    if (isOutage(response)) throw outage(`Stripe answered ${response.status}; it is asked again.`);
    const refusal = Refusal.safeParse(body);
    if (refusal.success) throw new StripeRefusal(response.status, refusal.data);
    throw outage(`Stripe answered ${response.status} without saying why.`, refusal.error);
  };

  return {
    post: (path, form, { answer, idempotencyKey }) =>
      ask(
        path,
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Idempotency-Key': idempotencyKey },
          body: new URLSearchParams(form).toString(),
        },
        answer,
      ),
    get: (path, query, { answer }) =>
      ask(`${path}?${new URLSearchParams(query).toString()}`, { method: 'GET' }, answer),
  };
}

/** A key that is not taken is an operator's to mend, and a conflict or too many requests pass: neither says no to the payment. */
const isOutage = ({ status, headers }: Response): boolean =>
  headers.get('stripe-should-retry') === 'true' || status >= 500 || [401, 403, 409, 429].includes(status);

function retryAfter({ headers }: Response): { retryAfterMs?: number } {
  const seconds = Number(headers.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {};
}
