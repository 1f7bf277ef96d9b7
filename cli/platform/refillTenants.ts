import { setTimeout as delay } from 'node:timers/promises';
import type { Refill } from '#contracts/backups/refills.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import { openRefill } from '#domain/backups/refilling/openRefill.ts';
import { viewRefill } from '#domain/backups/refilling/viewRefill.ts';
import { openRegistry, type Registry } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { Unable } from '../exitCodes.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

const patienceMs = 120_000;
const lookAgainMs = 500;

/**
 * Asks the Tenantry that runs to fill every tenant again whose data was lost, and follows it to its end; one that is under way is followed. Throws
 * {@link Unable} when nobody carries it out.
 *
 * @returns whether all that was lost is there again
 */
export async function refillTenants(say: (text: string) => void): Promise<boolean> {
  return withReachableRegistry(await installedEnvironment(), async (registryUrl) => {
    const registry = await openRegistry(registryUrl, { poolSize: 2 });
    try {
      await open(registry, say);
      const refill = await follow(registry, say);
      for (const { tenantId, name, state, reason } of refill.tenants)
        if (state === 'failed' || state === 'passed') say(`✖ ${name} (${tenantId}): ${reason ?? state}`);
      const { done, failed, there } = refill.counts;
      say(`${done} tenants were filled again, ${there} had lost nothing, ${failed} could not be filled.`);
      return refill.state === 'succeeded';
    } finally {
      await registry.close(true);
    }
  });
}

async function open(registry: Registry, say: (text: string) => void): Promise<void> {
  try {
    const runId = await registry.em.fork().transactional((em) => openRefill(em, theSystem));
    say(`the run ${runId} is asked for; the Tenantry that runs begins it`);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
    say('it is under way already');
  }
}

async function follow(registry: Registry, say: (text: string) => void): Promise<Refill> {
  const since = Date.now();
  let told = '';
  for (;;) {
    const { latest } = await viewRefill(registry.em.fork());
    if (!latest) throw new Unable('The run is not there any more.');
    if (runIsOver(latest.state as RunState)) return latest;
    if (latest.state === 'queued' && Date.now() - since > patienceMs)
      throw new Unable('Nobody carries it out. Start Tenantry: it begins by itself, and this command follows it.');
    const { done, running, pending } = latest.counts;
    const text = `${done} filled, ${running} under way, ${pending} ahead`;
    if (latest.state !== 'queued' && text !== told) say(text);
    told = text;
    await delay(lookAgainMs);
  }
}
