import { theSystem } from '#domain/events/appendEvent.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { resumeTenant } from '#domain/suspension/suspendTenant.ts';
import type { Position } from '#test/servers/faults.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';
import { suspend, suspended } from '../killMatrix/stories/suspension.ts';
import { provisioned } from '../killMatrix/story.ts';

const providers = ['database', 'realm', 'storage'] as const;
const patienceMs = 120_000;

export interface StuckCase {
  kind: 'suspendTenant' | 'resumeTenant';
  stuck: (typeof providers)[number];
}

export const stuckCases: readonly StuckCase[] = (['suspendTenant', 'resumeTenant'] as const).flatMap((kind) =>
  providers.map((stuck) => ({ kind, stuck })),
);

/** Where the way back begins: the last act of each. */
const fails: Record<StuckCase['kind'], Position> = {
  suspendTenant: { at: 'suspension.close', when: 'before' },
  resumeTenant: { at: 'suspension.end', when: 'before' },
};
const undoOf: Record<StuckCase['kind'], string> = { suspendTenant: 'open', resumeTenant: 'suspend' };
const asItWas: Record<StuckCase['kind'], string> = { suspendTenant: 'active', resumeTenant: 'suspended' };

/** One undo of a rolled back suspension or resumption fails for ever: the others run, it is named, and a finishing run completes it. */
export async function stuckUndosOfLife(ground: Ground, cases: readonly StuckCase[]): Promise<Breach[]> {
  const labels = (kind: StuckCase['kind']) =>
    cases.filter((one) => one.kind === kind).map(({ stuck }) => `stuck ${stuck}`);
  const tenants = {
    suspendTenant: await provisioned([])(ground, labels('suspendTenant')),
    resumeTenant: await suspended(ground, labels('resumeTenant')),
  };
  const opened = await Promise.all(
    cases.map(async (one) => {
      const tenant = tenants[one.kind].shift()!;
      const fail = [fails[one.kind], { at: `${one.stuck}.${undoOf[one.kind]}`, when: 'before' as const }];
      await ground.worker.plan([{ tenantId: tenant.tenantId, fail }]);
      const { runId } =
        one.kind === 'suspendTenant'
          ? await suspend(ground, tenant)
          : await ground.installation.em.transactional((em) => resumeTenant(em, tenant.tenantId, theSystem));
      await ground.start(runId);
      return { ...one, ...tenant, runId };
    }),
  );
  const told = ({ kind, stuck }: StuckCase, what: string): Breach => ({
    rule: 'D3',
    what: `${kind} rolled back, ${stuck} stuck: ${what}`,
  });
  const breaches: Breach[] = [];
  for (const one of opened) {
    const { state } = await ground.installation.runIsOver(one.runId, patienceMs);
    const [task] = await ground.ask<{ left: { where: string }[] }>(
      `select what_is_left as left from tasks where run_id = $1 and state = 'open'`,
      [one.runId],
    );
    const undone = await ground.ask<{ provider: string }>(
      `select provider from run_steps where run_id = $1 and state = 'undone' order by provider`,
      [one.runId],
    );
    if (state !== 'needs_attention') breaches.push(told(one, `ended ${state}`));
    if (task?.left.length !== 1) breaches.push(told(one, `the task names ${JSON.stringify(task?.left)}`));
    const others = providers.filter((provider) => provider !== one.stuck).join();
    const done = undone.map(({ provider }) => provider).join();
    if (done !== others) breaches.push(told(one, `undone were ${done || 'none'}`));
  }
  await ground.worker.plan(opened.map(({ tenantId }) => ({ tenantId })));
  for (const one of opened) {
    const finish = await ground.installation.em.transactional((em) => openFinish(em, one.runId, theSystem));
    await ground.start(finish.runId);
    const { state } = await ground.installation.runIsOver(finish.runId, patienceMs);
    const [tenant] = await ground.ask<{ state: string }>('select state from tenants where id = $1', [one.tenantId]);
    if (state !== 'succeeded' || tenant?.state !== asItWas[one.kind])
      breaches.push(told(one, `finishing ended ${state}, the tenant ${tenant?.state}`));
  }
  return breaches;
}
