import type { BulkDecided, BulkDecision } from '#contracts/decisions.ts';
import { DomainError } from '#contracts/errors.ts';
import { sql } from 'kysely';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { writeDecision } from './decideRun.ts';
import { lockRun } from '../ledger.ts';

const atOnce = 200;

export interface ToldRun {
  runId: string;
  workflowId: string;
  decisionId: string;
  version: number;
}

/** Tells every run that is parked for this reason the same, a batch at a time, each in a transaction of its own. */
export async function decideParked(
  em: Sql,
  { decision, where }: BulkDecision,
  reach: Reach,
  actor: Actor,
): Promise<BulkDecided & { told: ToldRun[] }> {
  const parked = await rows<{ id: string; version: number; workflow_id: string; more: number }>(em)`
    select r.id, r.version, r.workflow_id, count(*) over ()::int as more from runs r join run_steps s on s.id = r.held_step_id
    where r.held_by = 'decision' and r.state = 'waiting' and r.cancel_requested_at is null
      and s.reason_code = ${where.reasonCode} and (${where.provider ?? null}::text is null or s.provider = ${where.provider ?? null})
      and ${withinReach(reach, sql`r.tenant_id`)}
      and not exists (select 1 from decisions d where d.run_id = r.id and d.epoch = r.epoch and d.park = r.park)
    order by r.held_since limit ${atOnce}`;
  const told: ToldRun[] = [];
  let refused = 0;
  for (const { id, version, workflow_id: workflowId } of parked) {
    try {
      const written = await em.fork().transactional(async (tx) => {
        const run = await lockRun(tx, id);
        if (run.version !== version) throw new DomainError('run_moved_on', 'The run has moved on.');
        return writeDecision(tx, run, decision, actor);
      });
      told.push({ runId: id, workflowId, ...written });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refused += 1;
    }
  }
  return { decided: told.length, refused, left: (parked[0]?.more ?? 0) - parked.length, told };
}
