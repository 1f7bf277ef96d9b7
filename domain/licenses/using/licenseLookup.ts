import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Entitlement, LicensePolicyRules } from '#contracts/licenses/policies.ts';
import { registrySocket } from '../../database.ts';
import type { LicenseRow } from '../licenseRow.ts';

/** What has to be known to say what a licence is worth: not the row whole, most of which are the claims that were signed last. */
export interface FoundLicense extends Pick<
  LicenseRow,
  | 'id'
  | 'tenant_id'
  | 'product'
  | 'plan'
  | 'state'
  | 'access'
  | 'serial'
  | 'is_trial'
  | 'is_test'
  | 'binding'
  | 'starts_at'
  | 'expires_at'
  | 'over_at'
  | 'anchor_at'
  | 'terms'
> {
  tenant_state: string;
  /** The plan of its tenant, by which it is in reach; `plan` is the one that was sold with it. */
  tenant_plan: string;
  on_expiry: LicensePolicyRules['onExpiry'];
  seat_limit: number | null;
  machine_limit: number | null;
  seats_used: number;
  machines_used: number;
  entitlement: Entitlement | null;
  overage: LicensePolicyRules['meters']['overage'] | null;
  term_period: string | null;
}

/** By one of them: its id, or the index of the key that people type. */
export interface Meant {
  id: string | null;
  keyIndex: Buffer | null;
}

export interface Wanted extends Meant {
  /** Which of its entitlements is asked for. */
  entitlement: string | null;
  now: Date;
}

/**
 * The registry would plan each statement anew, which takes it four times as long as the statement, because a plan for one licence looks
 * cheaper than one for any number; and would read a small table whole. By its indexes it is right for all.
 */
const planOnce = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

interface Waiting extends Wanted {
  resolve: (found: FoundLicense | null) => void;
  reject: (error: unknown) => void;
}

/** One asks while the next gathers; a third would take what the second could have carried. */
const mostUnderWay = 2;
const mostTogether = 200;
const idleMs = 60_000;
const closeWithinMs = 5_000;

/**
 * Reads licences for whoever asks what they are worth. Those who ask while others are being answered are answered together, by one
 * statement that the registry has planned before: the more ask, the less each costs. Nothing is remembered, so nothing is ever stale.
 */
export class LicenseLookup {
  readonly #pool: pg.Pool;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isGathering = false;

  constructor(url: string) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: mostUnderWay,
      idleTimeoutMillis: idleMs,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 15_000,
      application_name: 'tenantry licences',
      stream: registrySocket,
      options: planOnce,
    });
    this.#pool.on('error', () => undefined); // an idle connection broke; the next question opens another
  }

  /** Null when there is none. */
  find(wanted: Wanted): Promise<FoundLicense | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...wanted, resolve, reject });
      this.#gather();
    });
  }

  /** A connection that is not given back must not keep a process from ending. */
  async close(): Promise<void> {
    await Promise.race([this.#pool.end(), delay(closeWithinMs, undefined, { ref: false })]);
  }

  /** Whatever arrives in this turn of the event loop goes together. */
  #gather(): void {
    if (this.#isGathering || this.#underWay === mostUnderWay) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      void this.#answer(this.#waiting.splice(0, mostTogether));
    });
  }

  async #answer(together: Waiting[]): Promise<void> {
    this.#underWay += 1;
    try {
      const { rows } = await this.#pool.query<FoundLicense & { place: number }>({
        ...statement,
        values: [
          together.map(({ id }) => id),
          together.map(({ keyIndex }) => keyIndex),
          together.map(({ entitlement }) => entitlement),
          together.map(({ now }) => now.toISOString()),
        ],
      });
      const found = new Map(rows.map((row) => [row.place, row]));
      for (const [at, { resolve }] of together.entries()) resolve(found.get(at + 1) ?? null);
    } catch (error) {
      for (const { reject } of together) reject(error);
    } finally {
      this.#underWay -= 1;
      if (this.#waiting.length > 0) this.#gather();
    }
  }
}

/** Named: planning it would take the registry longer than carrying it out. */
const statement = {
  name: 'licences to validate',
  text: `
    select a.place::int, l.id, l.tenant_id, l.product, l.plan, l.state, l.access, l.serial, l.is_trial, l.is_test, l.binding,
           l.starts_at::text, l.expires_at::text, l.over_at::text, l.anchor_at::text, l.terms,
           p.rules #>> '{meters,overage}' as overage, p.rules #>> '{term,period}' as term_period,
           t.state as tenant_state, t.plan as tenant_plan, p.rules ->> 'onExpiry' as on_expiry,
           (p.rules #>> '{seats,limit}')::int as seat_limit, (p.rules #>> '{machines,limit}')::int as machine_limit,
           u.seats as seats_used, u.machines as machines_used,
           coalesce((select o.entitlement from license_overrides o
                     where o.license_id = l.id and o.name = a.entitlement and (o.until is null or o.until > a.now)),
                    p.rules -> 'entitlements' -> a.entitlement) as entitlement
    from unnest($1::uuid[], $2::bytea[], $3::text[], $4::timestamptz[]) with ordinality as a (id, key_index, entitlement, now, place)
    join licenses l on l.id = coalesce(a.id, (select id from licenses where key_index = a.key_index))
    join tenants t on t.id = l.tenant_id
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    cross join lateral (
      select count(*) filter (where kind = 'seat')::int as seats, count(*) filter (where kind = 'machine')::int as machines
      from license_uses where license_id = l.id and (dies_at is null or dies_at > a.now)) u`,
};
