import { DomainError } from '#contracts/errors.ts';
import { nextOfRun, refuseOtherMigrations, type FleetRef, type NextOfRun } from '#domain/fleet/nextOfRun.ts';
import { recordMigrated } from '#domain/fleet/recordMigrated.ts';
import { holdTenants } from '#domain/runs/exclusivity.ts';
import { rows } from '#domain/sql.ts';
import { countMigrated } from '#observability/fleet/fleetMetrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

/** After this the activity ends, so that its history shows how the run goes. */
const longestTurnMs = 60_000;
/** After this no tenant of a batch is begun any more: the run is asked whether it may go on. */
const longestBatchMs = 2_000;
/** The registry ends transactions that say nothing for ten seconds; this one holds tenants meanwhile. */
const signOfLifeMs = 3_000;

/** What the workflow does next: ask again at once, after so long, when it is woken, or never. */
export type FleetTurn = { is: 'more' } | { is: 'over' } | { is: 'held' } | { is: 'waiting'; milliseconds: number };

type Work = Extract<NextOfRun, { is: 'work' }>;
type FleetDeps = Pick<Deps, 'registry' | 'ledger' | 'fleet'>;

/** `fleet.*`: migrations over all tenants. What it has done stands in the rows; killed, it goes on by them. */
export const fleetActivities = (deps: FleetDeps) => ({
  /** Migrates batch after batch until there is something to wait for, or a minute is over. */
  async 'fleet.migrate'(ref: FleetRef): Promise<FleetTurn> {
    const began = Date.now();
    for (;;) {
      const passed = Date.now() - began;
      if (passed > longestTurnMs) return { is: 'more' };
      const next = await nextOfRun(deps.ledger, { ...ref, now: ref.now + passed });
      if (next.is !== 'work') return next;
      await migrateBatch(deps, ref, next);
    }
  },
});

async function migrateBatch(deps: FleetDeps, ref: FleetRef, work: Work): Promise<void> {
  const { fleet, tenants, failuresLeft } = work;
  try {
    const migrations = (await deps.fleet.read()).slice(0, fleet.target);
    refuseOtherMigrations(fleet, migrations);
    const ended = await deps.registry.em.fork().transactional(async (em) => {
      const held = await holdTenants(
        em,
        tenants.map(({ tenantId }) => tenantId),
      );
      const alive = setInterval(() => void rows(em)`select 1`.catch(() => undefined), signOfLifeMs);
      try {
        const deadline = Date.now() + longestBatchMs;
        const { attempts, concurrency, lockTimeoutMs, statementTimeoutMs } = fleet.settings;
        const result = await deps.fleet.migrate({
          tenants: tenants.filter(({ tenantId }) => held.has(tenantId)),
          migrations,
          ...{ attempts, concurrency, failuresLeft },
          timeouts: { lockTimeoutMs, statementTimeoutMs },
          mayGoOn: () => Date.now() < deadline,
        });
        await recordMigrated(deps.ledger, ref, {
          outcomes: result.done,
          held: tenants.flatMap(({ tenantId }) => (held.has(tenantId) ? [] : tenantId)),
        });
        return result;
      } finally {
        clearInterval(alive);
      }
    });
    for (const { is, milliseconds } of ended.done) countMigrated(is, milliseconds / 1000);
    if (ended.outage !== null) throw ended.outage;
  } catch (error) {
    // The run is tried again until it goes; meanwhile people see why it does not.
    const text = error instanceof ProviderError || error instanceof DomainError ? error.message : null;
    if (text !== null) await noteAtWave(deps, ref, fleet.wave, text).catch(() => undefined);
    // Another worker may have the right folder, or somebody brings it back.
    if (error instanceof DomainError && (error.code === 'migrations_refused' || error.code === 'migration_failed'))
      throw new ProviderError('tenant migrations', error.publicMessage, { cause: error, retryable: true });
    throw error;
  }
}

const noteAtWave = ({ ledger }: FleetDeps, ref: FleetRef, wave: number, text: string): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    const noted = await rows(em)`
      update run_steps set reason_code = 'provider_error', reason = ${text}
      where run_id = ${run.id} and position = ${wave} and state = 'running' and reason is distinct from ${text} returning id`;
    return { changed: noted.length > 0, result: undefined };
  });
