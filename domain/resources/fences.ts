import { DomainError } from '#contracts/errors.ts';

/** Runs one statement with numbered parameters: a pg client and an EntityManager both can be dressed as this. */
export type Execute = (text: string, values: unknown[]) => Promise<Record<string, unknown>[]>;

export interface FenceHolder {
  resourceId: string;
  runId: string;
  epoch: number;
}

/**
 * The fence of a resource is a row in the database where its effect happens. Whoever makes the effect holds the row's lock in
 * the same transaction; a destroy marks it first. So an attempt that was thought dead either committed before the destroy
 * began, and is destroyed, or finds the mark and is refused. (Kleppmann, "How to do distributed locking": fencing tokens.)
 *
 * @param table `fences`, qualified where the search path does not find it
 * @returns whether it was made completely before
 * @throws `resource_fenced`
 */
export async function enterToEnsure(
  execute: Execute,
  table: string,
  holder: FenceHolder,
): Promise<{ isPresent: boolean }> {
  // The empty update locks the row that is there and returns it as it is.
  const [fence] = await execute(
    `insert into ${table} as fence (resource_id, state, run_id, epoch) values ($1, 'ensuring', $2, $3)
     on conflict (resource_id) do update set state = fence.state returning state, run_id, epoch`,
    [holder.resourceId, holder.runId, holder.epoch],
  );
  const overtaken = fence?.['run_id'] === holder.runId && Number(fence['epoch']) > holder.epoch;
  if (!fence || fence['state'] === 'destroying' || fence['state'] === 'destroyed' || overtaken)
    throw new DomainError(
      'resource_fenced',
      'The removal of this resource has begun; a late attempt must not make it again.',
    );
  return { isPresent: fence['state'] === 'present' };
}

export const markPresent = (execute: Execute, table: string, holder: FenceHolder): Promise<unknown> =>
  execute(`update ${table} set state = 'present', run_id = $2, epoch = $3, updated_at = now() where resource_id = $1`, [
    holder.resourceId,
    holder.runId,
    holder.epoch,
  ]);

/** In a transaction of its own, before anything is removed. */
export const markDestroying = (execute: Execute, table: string, holder: FenceHolder): Promise<unknown> =>
  execute(
    `insert into ${table} as fence (resource_id, state, run_id, epoch) values ($1, 'destroying', $2, $3)
     on conflict (resource_id) do update set state = 'destroying', run_id = $2, epoch = $3, updated_at = now()
     where fence.state <> 'destroyed'`,
    [holder.resourceId, holder.runId, holder.epoch],
  );

/** The row stays, as the proof that a later ensure meets. */
export const markDestroyed = (execute: Execute, table: string, holder: FenceHolder): Promise<unknown> =>
  execute(
    `update ${table} set state = 'destroyed', run_id = $2, epoch = $3, updated_at = now() where resource_id = $1`,
    [holder.resourceId, holder.runId, holder.epoch],
  );
