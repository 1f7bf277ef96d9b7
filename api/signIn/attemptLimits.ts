import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '#domain/database.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import { tellOfRefusal } from '#domain/people/userEvents.ts';
import type { Platform } from '#domain/platform.ts';
import { executeOn } from '#domain/sql.ts';
import { countSignIn } from '#observability/metrics.ts';

const minute = 60;
const hour = 60 * minute;

/**
 * How often somebody may guess, by what is counted together (ASVS 5.0 6.3.1; why these: docs/decisions/0022). An account is named by a
 * digest of its address, so that one that is not there is counted like any other.
 */
const buckets = {
  /** A browser that signed in as this person before: whatever others do, it has these for itself. */
  device: { points: 10, duration: 15 * minute },
  /** One account from one network address. */
  pair: { points: 10, duration: 15 * minute },
  /** One account from everywhere, by browsers that are not known. */
  account: { points: 100, duration: hour },
  /** One network address for all accounts. */
  address: { points: 100, duration: 15 * minute },
  /** Second factors of somebody whose password was right. */
  codes: { points: 30, duration: hour },
  /** Confirmations in one session. */
  session: { points: 10, duration: 15 * minute },
  /** Mails with a link that one address asks for, and that go to one account. */
  mailsAsked: { points: 20, duration: hour },
  mailsSent: { points: 3, duration: hour },
  /** Mails that members of a tenant make its portal send: to one address, and in all. */
  invitee: { points: 5, duration: hour },
  tenantMails: { points: 300, duration: hour },
  /** Links that are none. */
  links: { points: 50, duration: 15 * minute },
} as const;
type Bucket = keyof typeof buckets;

/** What an attempt counts against: a bucket and whose. */
export type Counted = readonly [bucket: Bucket, whose: string];

/** Counted before it is carried out, so that attempts at once cannot overtake the count; taken back when it was right. */
export interface Attempt {
  succeeded(): Promise<void>;
}

/** Counts attempts in the registry: restarts forget nothing, and all processes count together. */
export class AttemptLimits {
  readonly #limiters: Record<Bucket, RateLimiterPostgres>;
  readonly #em: () => Sql;

  constructor({ registry }: Pick<Platform, 'registry'>) {
    this.#em = () => registry.em.fork();
    // The library asks for a pool: what it sends goes through the one that the registry has.
    const storeClient = {
      query: async ({ text, values }: { text: string; values: unknown[] }) => {
        const found = await executeOn(this.#em())(text, values);
        return { rows: found, rowCount: found.length };
      },
    };
    const limiterOf = (name: Bucket) =>
      new RateLimiterPostgres({
        ...buckets[name],
        storeClient,
        storeType: 'pool',
        tableName: 'sign_in_limits',
        tableCreated: true,
        keyPrefix: name,
        clearExpiredByTimeout: false,
      });
    this.#limiters = Object.fromEntries(
      (Object.keys(buckets) as Bucket[]).map((name) => [name, limiterOf(name)]),
    ) as Record<Bucket, RateLimiterPostgres>;
  }

  /**
   * Refuses with `too_many_attempts` and the seconds to wait when one of the buckets is used up. They are asked in the given order, and
   * who is held up by one takes nothing from those after it: nobody can use up by that what an account has for everybody.
   */
  async begin(counted: readonly Counted[], actor: Actor): Promise<Attempt> {
    await this.#clearSome();
    for (const one of counted) {
      const { seconds, isFirst } = await this.#take(one);
      if (seconds === 0) continue;
      countSignIn('limited', 'none');
      if (isFirst) await tellOfRefusal(this.#em(), { code: 'too_many_attempts', userId: actor.userId }, actor);
      throw new DomainError('too_many_attempts', 'Too many attempts. Wait a while before the next one.', {
        extra: { retryAfterSeconds: seconds },
      });
    }
    return {
      succeeded: async () => {
        await Promise.all(counted.map((one) => this.#giveBack(one)));
      },
    };
  }

  /** The same where nobody is told: whether there is anything left. */
  async isLeft(counted: Counted): Promise<boolean> {
    return (await this.#take(counted)).seconds === 0;
  }

  /** Anybody may make up addresses to be counted: each attempt makes room for itself, so that they do not pile up. */
  async #clearSome(): Promise<void> {
    await executeOn(this.#em())(
      `delete from sign_in_limits where key in (
         select key from sign_in_limits where expire < $1 order by expire limit 20 for update skip locked)`,
      [Date.now()],
    );
  }

  /** Seconds to wait, 0 when it is let through; and whether it is the first that is not. */
  async #take([bucket, whose]: Counted): Promise<{ seconds: number; isFirst: boolean }> {
    try {
      await this.#limiters[bucket].consume(digest(whose));
      return { seconds: 0, isFirst: false };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const isFirst = refused.consumedPoints === buckets[bucket].points + 1;
      return { seconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)), isFirst };
    }
  }

  /** Who got it right has all guesses again, alone; what is shared with others gets back what this one took. */
  async #giveBack([bucket, whose]: Counted): Promise<void> {
    const limiter = this.#limiters[bucket];
    const isOnesOwn = bucket === 'device' || bucket === 'pair' || bucket === 'codes' || bucket === 'session';
    await (isOnesOwn ? limiter.delete(digest(whose)) : limiter.reward(digest(whose)));
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
