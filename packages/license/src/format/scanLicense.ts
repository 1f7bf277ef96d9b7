import type { Entitlement, LicenseClaims } from '../claims.ts';
import { patterns } from './shape.ts';

/**
 * The claims of a licence from their canonical text, in one go along the one order that it can have: a third of what it costs to parse
 * it and to write it again for comparison. Null for anything unexpected, texts with escapes included: then whoever asked takes the long way. What it
 * gives is canonical, and not yet checked for what its members hold.
 */
export function scanLicense(text: string): LicenseClaims | null {
  try {
    return new Scanner(text).claims();
  } catch (error) {
    if (error === unexpected) return null;
    throw error;
  }
}

/** One object for all: nobody looks where it was thrown. */
const unexpected = new Error('another text than expected');

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  claims(): LicenseClaims {
    const connectivity = { days: this.#after('{"connectivity":{"days":').#wholeOrNull() };
    const entitlements = this.#after('},"entitlements":{').#entitlements();
    const expiresAt = this.#after(',"expiresAt":').#stringOrNull();
    const graceDays = this.#after(',"graceDays":').#whole();
    const id = this.#after(',"id":').#string();
    const issuedAt = this.#after(',"issuedAt":').#string();
    const kid = this.#after(',"kid":').#string();
    const binding = this.#after(',"machines":{"binding":').#stringsOrNull();
    const machines = { binding, limit: this.#after(',"limit":').#wholeOrNull() };
    const onExpiry = this.#after('},"onExpiry":').#string() as LicenseClaims['onExpiry'];
    const plan = this.#after(',"plan":').#string();
    const name = this.#after(',"policy":{"name":').#string();
    const policy = { name, version: this.#after(',"version":').#whole() };
    const product = this.#after('},"product":').#string();
    const limit = this.#after(',"seats":{"limit":').#wholeOrNull();
    const overage = this.#after(',"overage":').#string() as LicenseClaims['seats']['overage'];
    const seats = { limit, overage, soft: this.#after(',"soft":').#whole() };
    const serial = this.#after('},"serial":').#whole();
    const startsAt = this.#after(',"startsAt":').#string();
    const suspended = this.#after(',"suspended":').#truth();
    const tenant = this.#after(',"tenant":').#string();
    const test = this.#after(',"test":').#truth();
    const transferable = this.#after(',"transferable":').#truth();
    const trial = this.#after(',"trial":').#truth();
    this.#after(',"typ":"tenantry-license","v":1}');
    if (this.#at !== this.#text.length) throw unexpected;
    return {
      connectivity,
      entitlements,
      expiresAt,
      graceDays,
      id,
      issuedAt,
      kid,
      machines,
      onExpiry,
      plan,
      policy,
      product,
      seats,
      serial,
      startsAt,
      suspended,
      tenant,
      test,
      transferable,
      trial,
      typ: 'tenantry-license',
      v: 1,
    };
  }

  #isNext(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  #after(expected: string): this {
    if (!this.#isNext(expected)) throw unexpected;
    return this;
  }

  /** Without escapes. Whatever is no text, control characters above all, is refused by the pattern that each of them has to match. */
  #string(): string {
    this.#after('"');
    const end = this.#text.indexOf('"', this.#at);
    const value = this.#text.slice(this.#at, end);
    if (end < 0 || value.includes('\\')) throw unexpected;
    this.#at = end + 1;
    return value;
  }

  #stringOrNull(): string | null {
    return this.#isNext('null') ? null : this.#string();
  }

  #stringsOrNull(): string[] | null {
    if (this.#isNext('null')) return null;
    this.#after('[');
    const all: string[] = [];
    if (this.#isNext(']')) return all;
    do all.push(this.#string());
    while (this.#isNext(','));
    this.#after(']');
    return all;
  }

  #truth(): boolean {
    if (this.#isNext('true')) return true;
    this.#after('false');
    return false;
  }

  /** A whole number that is not negative. */
  #whole(): number {
    const from = this.#at;
    let value = 0;
    for (; this.#at - from < 16; this.#at += 1) {
      const digit = this.#text.charCodeAt(this.#at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const length = this.#at - from;
    if (length === 0 || !Number.isSafeInteger(value) || (length > 1 && this.#text.charCodeAt(from) === 48))
      throw unexpected;
    return value;
  }

  #wholeOrNull(): number | null {
    return this.#isNext('null') ? null : this.#whole();
  }

  /** Any number that stands before a brace. */
  #number(): number {
    const end = this.#text.indexOf('}', this.#at);
    const written = this.#text.slice(this.#at, end);
    const value = Number(written);
    if (!Number.isFinite(value) || JSON.stringify(value) !== written) throw unexpected;
    this.#at = end;
    return value;
  }

  #entitlements(): Record<string, Entitlement> {
    const all: Record<string, Entitlement> = {};
    if (this.#isNext('}')) return all;
    let previous = '';
    do {
      const name = this.#string();
      // A name that matches is no `__proto__`, and none that objects would put into another order.
      if (name <= previous || !patterns.entitlement.test(name)) throw unexpected;
      all[name] = this.#after(':').#entitlement();
      previous = name;
    } while (this.#isNext(','));
    this.#after('}');
    return all;
  }

  #entitlement(): Entitlement {
    let granted: Entitlement;
    if (this.#isNext('{"flag":')) granted = { flag: this.#truth() };
    else if (this.#isNext('{"number":')) granted = { number: this.#number() };
    else {
      const limit = this.#after('{"meter":{"limit":').#wholeOrNull();
      granted = { meter: { limit, per: this.#after(',"per":').#string() as 'day' } };
      this.#after('}');
    }
    this.#after('}');
    return granted;
  }
}
