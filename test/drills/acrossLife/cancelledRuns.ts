import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';
import { beginAll, packed, prepareAll, type BegunAt, type Cell } from '../killMatrix/batch.ts';
import type { Random } from '../random.ts';
import { endOf, endsOf, told } from './lifeCells.ts';

const patienceMs = 120_000;
const atOnce = 20;

/**
 * Every run is cancelled at a place of it, by the ledger and twice past it, as an operator could by the Temporal CLI. What the ledger
 * accepted ends cancelled, with the tenant as it was before; what it refused ends as if nobody had asked.
 */
export async function cancelledRuns(ground: Ground, cells: readonly Cell[], random: Random): Promise<Breach[]> {
  const breaches: Breach[] = [];
  for (const batch of packed(cells, random, atOnce)) {
    const prepared = await prepareAll(ground, batch);
    const before = await statesOf(
      ground,
      prepared.map(({ tenant }) => tenant?.tenantId ?? null),
    );
    const begun = await beginAll(ground, prepared);
    const accepted = await Promise.all(begun.map((one) => cancelEverywhere(ground, one)));
    await ground.worker.goOn();
    await ground.settled(
      begun.map(({ subject }) => subject),
      patienceMs,
    );
    for (const [at, end] of (await endsOf(ground, begun)).entries()) {
      const { mend } = begun[at]!.cell.story;
      if (accepted[at] && mend) await settle(ground, await mend(ground));
      const one = begun[at]!;
      const { story } = one.cell;
      // A tenant that was to be made beside another is none; of all others stays what was.
      const undone = story.kind === 'provisionTenant' ? 'rolled_back' : before[at];
      const asBefore = story.ends.tenant === null ? null : undone;
      const expected = accepted[at] ? `cancelled ${asBefore}` : endOf(one);
      const how = accepted[at] ? 'cancelled' : 'a cancel was refused';
      if (end !== expected)
        breaches.push({ rule: 'D3', what: `${told(one.cell)}, ${how}: ended ${end}, not ${expected}` });
    }
  }
  return breaches;
}

async function settle(ground: Ground, runId: string): Promise<void> {
  await ground.start(runId);
  await ground.settled([runId], patienceMs);
}

async function statesOf(ground: Ground, tenantIds: (string | null)[]): Promise<(string | null)[]> {
  const found = await ground.ask<{ id: string; state: string }>('select id, state from tenants where id = any($1)', [
    tenantIds.filter((id) => id !== null),
  ]);
  return tenantIds.map((id) => found.find((tenant) => tenant.id === id)?.state ?? null);
}

/** Whether the ledger accepted it. */
async function cancelEverywhere({ installation }: Ground, { runId }: BegunAt): Promise<boolean> {
  const accepted = await installation.em
    .transactional((em) => requestCancel(em, runId, theSystem))
    .then(
      () => true,
      (error: DomainError) => {
        if (error.code !== 'run_not_cancellable') throw error;
        return false;
      },
    );
  const { temporal } = await installation.run(runId);
  const workflow = installation.temporal.client.workflow.getHandle(temporal.workflowId);
  for (let times = 0; times < 2; times++) await workflow.cancel();
  return accepted;
}
