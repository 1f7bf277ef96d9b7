import type { Request, RequestHandler, Response } from 'express';
import { limited, type Limited, type Quota, type Quotas } from '#domain/settings/quotas.ts';
import { countRefusedByRate } from '#observability/metrics.ts';
import { notesOf } from './requestLog.ts';
import { CallerRates, tooMany, type Rate } from './rates.ts';

interface Limit {
  rates: CallerRates;
  rate: Rate;
  policy: string;
}

/**
 * How often an address, a person, a key may ask, and how often a tenant may be asked about. Every answer says how its caller stands
 * (draft-ietf-httpapi-ratelimit-headers-11): `RateLimit-Policy` the quotas, `RateLimit` what is left of them.
 */
export class RateLimits {
  readonly #limits: Record<Limited, Limit>;

  constructor(quotas: Quotas) {
    this.#limits = Object.fromEntries(limited.map((name) => [name, limitOf(name, quotas[name])])) as Record<
      Limited,
      Limit
    >;
  }

  /** Counts this request, and refuses with `too_many_requests` when nothing is left. */
  take(response: Response, name: Limited, caller: string): void {
    this.#take(response, name, this.#limits[name], caller);
  }

  /** A key with a rate of its own is held to that as well. */
  takeOfKey(response: Response, keyId: string, perSecond: number | null): void {
    const limit = this.#limits.key;
    if (perSecond === null) return this.#take(response, 'key', limit, keyId);
    const own = { requests: perSecond, seconds: 1 };
    this.#take(response, 'key', { ...limit, rate: rateOf(own), policy: policyOf('key', own) }, keyId);
  }

  #take(response: Response, name: Limited, { rates, rate, policy }: Limit, caller: string): void {
    const { left, fullInSeconds, waitSeconds } = rates.ask(caller, undefined, rate);
    const notes = notesOf(response);
    notes.rates = {
      policy: joined(notes.rates?.policy, policy),
      standing: joined(notes.rates?.standing, `"${name}";r=${left};t=${fullInSeconds}`),
    };
    response.setHeader('RateLimit-Policy', notes.rates.policy);
    response.setHeader('RateLimit', notes.rates.standing);
    if (waitSeconds === 0) return;
    countRefusedByRate(name);
    throw tooMany(waitSeconds);
  }
}

/** The first thing that happens to a request: what is refused here cost nothing yet. Probes of an orchestrator are not counted. */
export const limitAddresses =
  (limits: RateLimits, paths: RegExp): RequestHandler =>
  (request, response, next) => {
    if (paths.test(request.path)) limits.take(response, 'address', addressOf(request));
    next();
  };

/** Whoever has an IPv6 address has 2^64 of them: they count as one (RFC 6177). */
export function addressOf({ ip = '' }: Pick<Request, 'ip'>): string {
  if (ip.startsWith('::ffff:') && ip.includes('.')) return ip.slice(7);
  if (!ip.includes(':')) return ip;
  const [before = [], after = []] = ip.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  const network = groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

const rateOf = ({ requests, seconds }: Quota): Rate => ({ perSecond: requests / seconds, burst: requests });
const policyOf = (name: Limited, { requests, seconds }: Quota): string => `"${name}";q=${requests};w=${seconds}`;

function limitOf(name: Limited, quota: Quota): Limit {
  const rate = rateOf(quota);
  return { rate, rates: new CallerRates(rate), policy: policyOf(name, quota) };
}

const joined = (before: string | undefined, item: string): string => (before ? `${before}, ${item}` : item);
