import { LicenseError } from '../errors.ts';
import type { ReadLicense, ReadRevocations } from '../format/readClaims.ts';
import { judge } from '../states/judge.ts';
import { judgeRevocations, type RevocationsVerdict } from '../states/revocations.ts';
import { laterSeen, readSeen, type Seen } from '../states/seen.ts';
import { refusal, Refused, type Verdict } from '../states/verdict.ts';
import { timeOf, type Asked, type Remembered, type VerifierOptions } from './options.ts';

/** A file that was read and found to be signed. */
export interface Opened<Read> {
  read: Read;
  /** What an encrypted file was opened with: nobody else gets it from here. */
  licenseKey: string | undefined;
}

/** What a verifier knows between two questions. No cryptography happens here, and nothing that waits. */
export class Memory {
  readonly options: VerifierOptions;
  readonly #clock: () => number;
  readonly #clockToleranceMs: number;
  readonly #cacheSize: number;
  readonly #opened = new Map<string, Opened<ReadLicense>>();
  #revocations: ReadRevocations | null = null;
  #revocationsText: string | null = null;
  #seenText: string | null = null;
  #seen: Seen | null = null;

  constructor(options: VerifierOptions) {
    this.options = options;
    this.#clock = options.clock ?? Date.now;
    this.#clockToleranceMs = (options.clockToleranceSeconds ?? 300) * 1000;
    this.#cacheSize = options.cacheSize ?? 100;
  }

  /** A file whose signature was checked before. The one that was asked for longest ago makes room. */
  recall(text: string, licenseKey: string | undefined): ReadLicense | null {
    const known = this.#opened.get(text);
    if (!known || (known.licenseKey !== undefined && known.licenseKey !== licenseKey)) return null;
    if (this.#opened.size > 1) {
      this.#opened.delete(text);
      this.#opened.set(text, known);
    }
    return known.read;
  }

  keep(text: string, opened: Opened<ReadLicense>): ReadLicense {
    freeze(opened.read.claims);
    this.#opened.delete(text);
    this.#opened.set(text, opened);
    if (this.#opened.size > this.#cacheSize) this.#opened.delete(this.#opened.keys().next().value!);
    return opened.read;
  }

  /** The record of the last use, if exactly this text was checked the last time. */
  recallSeen(text: string): Seen | null {
    return text === this.#seenText ? this.#seen : null;
  }

  keepSeen(text: string, seen: Seen): Seen {
    [this.#seenText, this.#seen] = [text, seen];
    return seen;
  }

  judge(license: ReadLicense, seen: Seen | null, asked: Asked | undefined): Verdict {
    const { options } = this;
    return judge(license, {
      product: options.product,
      tenant: asked?.tenant ?? options.tenant,
      machine: asked?.machine ?? options.machine,
      usage: asked?.usage ?? options.usage,
      minSerial: asked?.minSerial ?? options.minSerial,
      seen,
      revocations: this.#revocations,
      now: timeOf(this.#clock),
      clockToleranceMs: this.#clockToleranceMs,
    });
  }

  takeRevocations(text: string, next: ReadRevocations): RevocationsVerdict {
    const verdict = judgeRevocations(next, this.#revocations, {
      product: this.options.product,
      isSameText: text === this.#revocationsText,
    });
    if (verdict.state === 'accepted') [this.#revocations, this.#revocationsText] = [next, text];
    return verdict;
  }

  /** What the next record is to say. */
  seenNow({ id, serial }: Remembered, before: Seen | null): Seen {
    const at = Math.floor(timeOf(this.#clock) / 1000) * 1000;
    return laterSeen({ license: id, serial, number: this.#revocations?.claims.number ?? 0, at }, before);
  }

  refusedRevocations(error: unknown): RevocationsVerdict {
    if (!(error instanceof Refused)) throw error;
    return { state: error.state, reason: error.message, number: this.#revocations?.claims.number ?? null };
  }
}

/** A record that {@link readSeen} does not take, or whose MAC is another's. */
export function seenTampered(cause?: unknown): LicenseError {
  return new LicenseError('seen_tampered', 'The record of the last use was changed.', { cause });
}

export function readRecord(text: string): ReturnType<typeof readSeen> {
  try {
    return readSeen(text);
  } catch (error) {
    throw seenTampered(error);
  }
}

/** A file's fault is an answer; anything else is thrown on. */
export function refused(error: unknown): Verdict {
  if (error instanceof Refused) return refusal(error);
  if (error instanceof LicenseError && error.code === 'seen_tampered')
    return refusal({ state: 'tampered', message: error.message });
  throw error;
}

export function acceptedOrThrow({ state, reason }: RevocationsVerdict): void {
  if (state !== 'accepted') throw new LicenseError('revocations_refused', `${state}: ${reason}`);
}

function freeze(value: object): void {
  for (const one of Object.values(value)) if (typeof one === 'object' && one !== null) freeze(one as object);
  Object.freeze(value);
}
