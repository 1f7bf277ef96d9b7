import type { Request } from 'express';
import type { DomainError, ErrorCode } from '#contracts/errors.ts';
import { appendRefusals, type Refusal } from '#domain/audit/appendRefusals.ts';
import { sealOrigin } from '#domain/events/origin.ts';
import type { Platform } from '#domain/platform.ts';
import type { Logger } from '#observability/logging.ts';
import { statuses } from '../http/problems.ts';
import type { RequestNotes } from '../http/requestLog.ts';
import { RefusalCounts } from './refusalCounts.ts';

const retryMs = 1_000;
const countedMs = 60_000;
/** While the registry cannot be written to, so many wait; of more, only their number is kept. */
const mostWaiting = 1_000;
const atOnce = 100;

const changing = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);
const told = new Set([401, 403, 404, 409, 410, 422]);
/** A dangerous act that was not confirmed as it must be is more than a mistyped field. */
const toldWhateverItsStatus = new Set<ErrorCode>(['confirmation_mismatch']);
/** Their routes tell of them in events of their own. */
const toldElsewhere = new Set<ErrorCode>(['bad_credentials']);
const toldElsewhereOfNobody = new Set<ErrorCode>(['code_wrong', 'passkey_refused']);
const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What was refused, or failed, becomes an event: each single one of somebody who is known, up to one a second; of others, and of more
 * than that, one for each address (or person), route and code in a minute, with a count, so that a flood cannot fill the disk. They
 * are written after the answer; a process that is killed loses those of the last moment and the counts of the last minute.
 */
export class Refusals {
  readonly #platform: Platform;
  readonly #logger: Logger;
  readonly #counts = new RefusalCounts();
  readonly #timer: NodeJS.Timeout;
  #waiting: Refusal[] = [];
  #dropped = 0;
  #writing: Promise<void> | null = null;
  #stopped = false;

  constructor(platform: Platform, logger: Logger) {
    this.#platform = platform;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#add(this.#counts.take()), countedMs).unref();
  }

  note(request: Request, notes: RequestNotes, error: DomainError): void {
    const status = statuses[error.code];
    const isTold = changing.has(request.method)
      ? status >= 500 || toldWhateverItsStatus.has(error.code) || (told.has(status) && !toldElsewhere.has(error.code))
      : status === 403;
    if (!isTold || notes.route === 'unmatched') return;
    const { requestId, actor } = notes;
    const what = {
      route: `${request.method} ${notes.route}`,
      status,
      code: error.code,
      ids: Object.fromEntries(
        Object.entries(notes.params).filter(
          (pair): pair is [string, string] => typeof pair[1] === 'string' && isId.test(pair[1]),
        ),
      ),
    };
    const isKnown = actor && (actor.userId !== null || actor.keyId);
    if (!isKnown && toldElsewhereOfNobody.has(error.code)) return;
    if (isKnown && this.#counts.mayTellOf(actor.keyId ?? actor.userId ?? '')) return this.#add([{ ...what, actor }]);
    this.#counts.add({
      ...what,
      who: isKnown ? (actor.keyId ?? actor.userId ?? '') : (request.ip ?? ''),
      actorOf: () =>
        isKnown || actor?.portalOf
          ? actor
          : {
              userId: null,
              requestId,
              kind: 'user',
              origin: sealOrigin(this.#platform.installation.keyring.platformKey, {
                address: request.ip ?? null,
                userAgent: request.get('user-agent') ?? null,
              }),
            },
    });
  }

  /** Writes what there is; for who looks right after. */
  async flush(): Promise<void> {
    this.#add(this.#counts.take());
    while (this.#writing) await this.#writing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#add(this.#counts.take());
    this.#stopped = true;
    await this.#writing;
  }

  #add(refusals: Refusal[]): void {
    this.#waiting.push(...refusals);
    this.#dropped += Math.max(0, this.#waiting.length - mostWaiting);
    this.#waiting = this.#waiting.slice(-mostWaiting);
    if (this.#waiting.length > 0) this.#writing ??= this.#write().finally(() => (this.#writing = null));
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, atOnce);
      try {
        await appendRefusals(this.#platform.registry.em.fork(), batch);
        this.#waiting = this.#waiting.filter((one) => !batch.includes(one));
        if (this.#dropped > 0)
          this.#logger.error({ dropped: this.#dropped }, 'refusals could not be kept for the audit');
        this.#dropped = 0;
      } catch (error) {
        this.#logger.warn({ err: error, waiting: this.#waiting.length }, 'refusals could not be written; they wait');
        if (this.#stopped) return;
        await new Promise((resume) => setTimeout(resume, retryMs).unref());
      }
    }
  }
}
