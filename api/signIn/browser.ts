import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Realm } from '#domain/people/realm.ts';
import type { Place } from '#domain/people/sessions.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { addressOf } from '../http/rateLimits.ts';
import type { Counted } from './attemptLimits.ts';
import type { Cookies } from './cookies.ts';
import { deviceName } from './deviceName.ts';

const deviceDays = 365;

/** Where a request comes from, and what its browser keeps for us besides the session. */
export class Browser {
  readonly #request: Request;
  readonly #response: Response;
  readonly #cookies: Cookies;
  readonly #keyring: Keyring;
  readonly #realm: Pick<Realm, 'accountOf'>;

  constructor(
    request: Request,
    response: Response,
    { cookies, keyring, realm }: { cookies: Cookies; keyring: Keyring; realm: Pick<Realm, 'accountOf'> },
  ) {
    this.#request = request;
    this.#response = response;
    this.#cookies = cookies;
    this.#keyring = keyring;
    this.#realm = realm;
  }

  get place(): Place {
    return { device: deviceName(this.#request.get('User-Agent')), address: this.#request.ip ?? null };
  }

  /** Of IPv6 the network. */
  get address(): string {
    return addressOf(this.#request);
  }

  /** The token of a sign-in that waits for its next factor. */
  get step(): string | null {
    return this.#cookies.step.read(this.#request);
  }

  giveStep({ token, expiresAt }: { token: string; expiresAt: Date }): void {
    this.#cookies.step.give(this.#response, token, expiresAt);
  }

  takeStep(): void {
    if (this.step !== null) this.#cookies.step.take(this.#response);
  }

  giveSession(token: string, expiresAt: Date): void {
    this.#cookies.session.give(this.#response, token, expiresAt);
  }

  takeSession(): void {
    this.#cookies.session.take(this.#response);
  }

  /** From now on this browser guesses for itself, whatever others try on the same account (OWASP: device cookies). */
  remember(email: string): void {
    const nonce = randomBytes(16).toString('base64url');
    const expires = new Date(Date.now() + deviceDays * 86_400_000);
    this.#cookies.device.give(this.#response, `${nonce}.${this.#markOf(this.#realm.accountOf(email), nonce)}`, expires);
  }

  /** What guesses of this account's password, or of its second factor, count against; the guesser's own first. */
  guessing(what: 'password' | 'code', email: string): Counted[] {
    const account = this.#realm.accountOf(email);
    const device = this.#deviceKnownAs(account);
    if (device !== null) return [['device', `${what} ${device}`]];
    return [
      ['pair', `${what} ${account} ${this.address}`],
      ['address', this.address],
      [what === 'code' ? 'codes' : 'account', account],
    ];
  }

  #deviceKnownAs(account: string): string | null {
    const [nonce = '', mark = ''] = this.#cookies.device.read(this.#request)?.split('.') ?? [];
    if (nonce.length !== 22) return null;
    const expected = Buffer.from(this.#markOf(account, nonce));
    const given = Buffer.from(mark);
    return expected.length === given.length && timingSafeEqual(expected, given) ? `${account} ${nonce}` : null;
  }

  #markOf(account: string, nonce: string): string {
    const digest = createHash('sha256').update(account).digest('hex');
    return this.#keyring.deviceMac(`${nonce}/${digest}`);
  }
}
