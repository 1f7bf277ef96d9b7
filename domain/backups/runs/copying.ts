import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { BackupCause, BackupSource } from '#contracts/backups/backups.ts';
import type { BackupRules } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { canonical } from '../../audit/canonical.ts';
import type { Sql } from '../../database.ts';
import type { Ledger, LockedRun } from '../../runs/ledger.ts';
import { json, registryTime, rows } from '../../sql.ts';
import type { WrittenBackup } from '../format/writeBackup.ts';
import { rulesOf } from '../policies/policyRow.ts';
import { writtenBy } from './backupRow.ts';

const dayMs = 86_400_000;

/** What an attempt is to write; null when an earlier one has written it, and only its answer was lost. */
export interface Copying {
  backupId: string;
  fence: boolean;
  lockedUntil: Date | null;
  /** What earlier attempts of the run left, to be removed. */
  discarded: string[];
}

/**
 * Before an attempt writes anything: each writes a backup of its own, so that one that was thought dead cannot spoil what the next one
 * writes. The longer of the plan's and the installation's lock counts. Refuses with `run_over` when the run has ended, with `tenant_not_active` when the tenant is being let go meanwhile.
 */
export const beginCopy = (ledger: Ledger, ref: RunRef, usual: { lockDays: number }): Promise<Copying | null> =>
  ledger.onRun(ref, async (em, run) => {
    refuseEnded(run);
    const before = await writtenBy(em, run.id);
    if (before?.at) return { changed: false, result: null };
    const { plan, cause } = await whatOf(em, ref);
    const discarded = before ? [before.id] : [];
    await discardRows(em, discarded);
    const rules: BackupRules = await rulesOf(em, plan);
    const lockDays = Math.max(rules.lockDays, usual.lockDays);
    const lockedUntil = lockDays === 0 ? null : new Date(Date.parse(await registryTime(em)) + lockDays * dayMs);
    const backupId = newId();
    await rows(em)`
      insert into backups (id, tenant_id, run_id, cause, locked_until)
      values (${backupId}, ${ref.tenantId}, ${run.id}, ${cause}, ${lockedUntil?.toISOString() ?? null}::timestamptz)`;
    return { changed: true, result: { backupId, fence: rules.fence, lockedUntil, discarded } };
  });

async function whatOf(em: Sql, { runId, tenantId }: RunRef): Promise<{ plan: string; cause: BackupCause }> {
  const [what] = await rows<{ plan: string; state: string; cause: BackupCause }>(em)`
    select t.plan, t.state, s.spec ->> 'cause' as cause from tenants t, run_steps s
    where t.id = ${tenantId} and s.run_id = ${runId} and s.provider = 'backup.write'`;
  if (!what) throw new Error(`run ${runId} copies no tenant`);
  if (what.state !== 'active' && what.state !== 'suspended')
    throw new DomainError('tenant_not_active', 'The tenant is being let go: it is not backed up any more.');
  return what;
}

/** What was not finished goes: at once, and once more a little later, when whoever was thought dead is. */
export async function discardRows(em: Sql, backupIds: string[]): Promise<void> {
  await rows(em)`
    update backups set state = 'discarded', removed_because = 'unfinished', remove_at = now() + interval '10 minutes'
    where id = any(${backupIds}::uuid[]) and state = 'writing'`;
}

/**
 * What was written. Refuses with `run_over` when nobody waits for it any more: another attempt began, or the run was taken back. Whoever wrote it
 * removes it then.
 */
export const noteCopied = (ledger: Ledger, ref: RunRef, backupId: string, written: WrittenBackup): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    refuseEnded(run);
    const { manifest, storedBytes } = written;
    const sources: BackupSource[] = manifest.sources.map(({ resource: _, ...source }) => source);
    const sum = (of: 'rows' | 'objects' | 'bytes'): number => sources.reduce((total, source) => total + source[of], 0);
    const noted = await rows(em)`
      update backups set at = ${manifest.at}::timestamptz, skew_ms = ${manifest.skewMs}, fence_ms = ${manifest.fenceMs},
        schema_version = ${manifest.schemaVersion}, digest = ${digestOf(manifest)}, sources = ${json(sources)}::jsonb,
        rows = ${sum('rows')}, objects = ${sum('objects')}, bytes = ${sum('bytes')}, stored_bytes = ${storedBytes}
      where id = ${backupId} and run_id = ${run.id} and state = 'writing' returning id`;
    if (noted.length === 0) throw nobodyWaits();
    return { changed: true, result: undefined };
  });

export const digestOf = (manifest: WrittenBackup['manifest']): Buffer =>
  createHash('sha256').update(canonical(manifest)).digest();

/** The backup that this run wrote and that is not read again yet; null when it is. */
export const copyToCheck = async (em: Sql, { runId }: RunRef): Promise<{ id: string; digest: Buffer } | null> => {
  const [row] = await rows<{ id: string; digest: Buffer | null; verified_as: string | null }>(em)`
    select id, digest, verified_as from backups where run_id = ${runId} and state in ('writing', 'kept')`;
  if (!row?.digest) throw new DomainError('backup_failed', 'There is no copy to read.');
  return row.verified_as === 'good' ? null : { id: row.id, digest: row.digest };
};

export const noteChecked = (ledger: Ledger, ref: RunRef, backupId: string): Promise<void> =>
  ledger.onRun(ref, async (em, run) => {
    refuseEnded(run);
    await rows(em)`
      update backups set verified_at = clock_timestamp(), verified_as = 'good' where id = ${backupId} and state = 'writing'`;
    return { changed: true, result: undefined };
  });

function refuseEnded(run: LockedRun): void {
  if (runIsOver(run.state) || run.state === 'rolling_back')
    throw new DomainError('run_over', `The run has ended (${run.state}).`);
}

const nobodyWaits = (): DomainError => new DomainError('run_over', 'Another attempt makes this backup by now.');
