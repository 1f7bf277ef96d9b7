import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { leaveTenant } from '../runs/exclusivity.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { bornWith, workingCredentials, type RotatedKind } from '../secrets/credentials.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import {
  isGone,
  lockRotation,
  rotatedResources,
  tellOfRotation,
  waitForTime,
  whileHolding,
  type RotationRow,
  hasEndedOld,
} from './rotationRow.ts';

/** Every secret of the rotation gets its successor, which is to work from now on and is told to nobody yet. */
export const prepareNext = (ledger: Ledger, ref: RunRef): Promise<void> =>
  whileHolding(ledger, ref, async (em, _run, rotation) => {
    for (const { id, kind } of await rotatedResources(em, rotation)) {
      const [mine] = await rows(em)`
        select 1 from credentials where resource_id = ${id} and rotation_id = ${rotation.id}`;
      if (!mine) await addSuccessor(em, rotation, kind, id);
    }
  });

async function addSuccessor(em: Sql, rotation: RotationRow, kind: RotatedKind, resourceId: string): Promise<void> {
  const [present] = await workingCredentials(em, kind, resourceId);
  if (!present) throw new Error(`resource ${resourceId} has no secret to follow`);
  const [count] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from credentials where resource_id = ${resourceId}`;
  if (count?.count === 0) {
    const born = bornWith(kind, resourceId);
    await rows(em)`
      insert into credentials (id, tenant_id, resource_id, kind, state, slot, secret_name, created_at)
      select ${newId()}, ${rotation.tenant_id}, id, ${kind}, 'current', ${born.slot}, ${born.secretName}, created_at
      from resources where id = ${resourceId}`;
  }
  const id = newId();
  const second = present.slot === 'first' ? 'second' : 'first';
  // The key before the first rotation is number 1.
  const slot = kind === 'database' ? second : `${resourceId}-${Math.max(1, count?.count ?? 0) + 1}`;
  await rows(em)`
    insert into credentials (id, tenant_id, resource_id, kind, rotation_id, state, slot, secret_name)
    values (${id}, ${rotation.tenant_id}, ${resourceId}, ${kind}, ${rotation.id}, 'prepared', ${slot},
            ${`${bornWith(kind, resourceId).secretName}:${id}`})`;
}

/**
 * From now on the manifest tells of the new password, and of when the old one ends. The tenant is given back, and the run waits.
 *
 * @param now by the workflow's clock, from which both times are counted
 */
export const showNext = (ledger: Ledger, ref: RunRef, now: string): Promise<void> =>
  whileHolding(ledger, ref, async (em, run, rotation) => {
    const [timed] = await rows<RotationRow>(em)`
      update secret_rotations set
        sign_at = coalesce(sign_at, ${now}::timestamptz + make_interval(secs => publish_seconds)),
        end_at = coalesce(end_at, ${now}::timestamptz + make_interval(secs => publish_seconds + overlap_seconds))
      where id = ${rotation.id} returning sign_at, end_at`;
    await passOn(em, rotation, 'database', timed?.end_at ?? now);
    const endAt = isoOrNull(timed?.end_at) ?? now;
    await tellOfRotation(em, rotation, 'handed_out', run, { endAt });
    if (rotation.kinds.includes('database')) await openTask(em, handedOut(run, endAt), run.actor);
    await pauseUnlessDue(em, run, rotation);
  });

/** Somebody has to give the new password to whatever uses the old one; closed with the rotation. */
const handedOut = (run: { id: string; tenantId: string | null }, endAt: string) => ({
  kind: 'secrets_handed_out' as const,
  runId: run.id,
  tenantId: run.tenantId,
  title: 'A tenant has a new database password',
  reason: {
    code: 'secrets_handed_out',
    text: `The manifest tells the new one. The old one, and every session that it opened, ends at ${endAt}.`,
  },
  left: [],
});

/** From now on the realm signs with its new key; the old one stays published for what it signed. */
export const signWithNext = (ledger: Ledger, ref: RunRef): Promise<void> =>
  whileHolding(ledger, ref, async (em, run, rotation) => {
    await passOn(em, rotation, 'realm', rotation.end_at);
    await tellOfRotation(em, rotation, 'signing', run);
    await pauseUnlessDue(em, run, rotation);
  });

/** An emergency does not let go of the tenant between its steps. */
async function pauseUnlessDue(em: Sql, run: Parameters<typeof waitForTime>[1], rotation: RotationRow): Promise<void> {
  if (rotation.overlap_seconds === 0) return;
  await leaveTenant(em, run);
  await waitForTime(em, run);
}

async function passOn(em: Sql, rotation: RotationRow, kind: RotatedKind, endsAt: string | null): Promise<void> {
  const [next] = await rows<{ resource_id: string }>(em)`
    select resource_id from credentials
    where rotation_id = ${rotation.id} and kind = ${kind} and state = 'prepared' for update`;
  if (!next) return; // an earlier attempt did it, or this kind is not rotated
  await rows(em)`
    update credentials set state = 'ending', ends_at = ${endsAt}
    where resource_id = ${next.resource_id} and state = 'current'`;
  await rows(em)`
    update credentials set state = 'current' where resource_id = ${next.resource_id} and state = 'prepared'`;
}

/** Before the old ones are ended: the run holds the tenant, and nothing is decided. Refuses with `run_over` after a cancel. */
export const takeToEnd = (ledger: Ledger, ref: RunRef): Promise<void> =>
  whileHolding(ledger, ref, async (_em, run) => {
    if (run.cancelRequestedAt) throw new DomainError('run_over', 'The rotation was taken back before its end.');
  });

/**
 * The point of no return: the old secrets are not to work any more. What still opens with them ends with the provider's settling, which
 * comes next. A cancel that was accepted before wins (`run_over`); one that comes later is refused.
 */
export const endOld = (ledger: Ledger, ref: RunRef): Promise<void> =>
  whileHolding(ledger, ref, async (em, run, rotation) => {
    if (run.cancelRequestedAt) throw new DomainError('run_over', 'The rotation was taken back before its end.');
    await rows(em)`update runs set cancellable = false where id = ${run.id} and cancellable`;
    await rows(em)`
      update credentials set state = 'ended', ended_at = now()
      where state = 'ending' and resource_id in (select resource_id from credentials where rotation_id = ${rotation.id})`;
  });

/** With the end of a secret its private part is destroyed; then the run has succeeded, and the tenant is free. */
export async function closeRotated(ledger: Ledger, ref: RunRef): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: undefined };
    const rotation = await lockRotation(em, run.id);
    await destroySecrets(em, rotation);
    await rows(em)`update secret_rotations set state = 'done', ended_at = now() where id = ${rotation.id}`;
    await tellOfRotation(em, rotation, 'rotated', run);
    await closeTasks(em, { runId: run.id, kinds: ['secrets_handed_out'] }, run.actor);
    await leaveTenant(em, run);
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: undefined };
  });
}

/** The new secrets are to work no more, the old ones are what they were. Nothing to do once the old ones were ended, or the tenant is gone. */
export async function withdrawNext(ledger: Ledger, ref: RunRef): Promise<boolean> {
  const gone = await ledger.onRun(ref, async (em, run) => {
    const rotation = await lockRotation(em, run.id);
    const isPast = (await isGone(em, rotation.tenant_id)) || (await hasEndedOld(em, rotation.id));
    return { changed: false, result: isPast };
  });
  if (gone) return false;
  await whileHolding(ledger, ref, async (em, _run, rotation) => {
    const mine = await rows<{ resource_id: string }>(em)`
      update credentials set state = 'withdrawn', ended_at = now()
      where rotation_id = ${rotation.id} and state in ('prepared', 'current') returning resource_id`;
    await rows(em)`
      update credentials set state = 'current', ends_at = null
      where state = 'ending' and resource_id = any(${mine.map(({ resource_id }) => resource_id)}::uuid[])`;
  });
  return true;
}

/** Ends a rotation that was taken back: nothing of it is left, and what worked before works. */
export async function closeWithdrawn(ledger: Ledger, ref: RunRef): Promise<'cancelled' | 'rolled_back'> {
  return ledger.onRun(ref, async (em, run) => {
    if (run.state === 'cancelled' || run.state === 'rolled_back') return { changed: false, result: run.state };
    const rotation = await lockRotation(em, run.id);
    await destroySecrets(em, rotation);
    await rows(em)`update secret_rotations set state = 'withdrawn', ended_at = now() where id = ${rotation.id}`;
    await tellOfRotation(em, rotation, 'rotation_withdrawn', run);
    await closeTasks(em, { runId: run.id, kinds: ['secrets_handed_out'] }, run.actor);
    await leaveTenant(em, run);
    const outcome = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });
}

/** Of a database the rotation may be looked at for years; the passwords that it ended are gone. */
const destroySecrets = (em: Sql, { id }: RotationRow): Promise<unknown> =>
  rows(em)`
    delete from resource_secrets s using credentials c
    where s.resource_id = c.resource_id and s.name = c.secret_name and c.state in ('ended', 'withdrawn')
      and c.resource_id in (select resource_id from credentials where rotation_id = ${id})`;

/** When the workflow is to go on, and whether there is anything left to go on with. */
export interface RotationLook {
  isGone: boolean;
  signAt: string | null;
  endAt: string | null;
}

export async function lookAtRotation(em: Sql, { runId, tenantId }: RunRef): Promise<RotationLook> {
  const [times] = await rows<Pick<RotationRow, 'sign_at' | 'end_at'>>(em)`
    select sign_at, end_at from secret_rotations where run_id = ${runId}`;
  return {
    isGone: await isGone(em, tenantId),
    signAt: isoOrNull(times?.sign_at),
    endAt: isoOrNull(times?.end_at),
  };
}

const isoOrNull = (time: string | null | undefined): string | null => (time ? new Date(time).toISOString() : null);
