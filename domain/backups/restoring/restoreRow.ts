import type { RestoreChoice, RestoreMode } from '#contracts/backups/restores.ts';
import type { Sql } from '../../database.ts';
import { seal, unseal } from '../../secrets/keyring.ts';
import type { TenantKey, TenantKeys } from '../../secrets/tenantKeys.ts';
import { json, rows } from '../../sql.ts';

export interface RestoreRow {
  runId: string;
  mode: RestoreMode | 'refill';
  tenantId: string;
  /** Null when it came from another installation. */
  sourceTenantId: string | null;
  backupId: string | null;
  arrivalId: string | null;
  sealedChoice: Buffer | null;
  /** Of a refill: what was lost and is filled again, by kind of provider. Nothing else is touched. */
  lost: string[];
  wasOpen: boolean;
  beforeBackupId: string | null;
  /** Something was written, or may have been. */
  hasBegun: boolean;
}

/** Of a backup of this installation's own. */
export type OwnRestore = RestoreRow & { sourceTenantId: string; backupId: string };
export const isOwn = (restore: RestoreRow): restore is OwnRestore => restore.arrivalId === null;

const contextOf = (runId: string): string => `restore/${runId}`;

export async function sealChoice(
  keys: TenantKeys,
  tenantId: string,
  runId: string,
  choice: RestoreChoice | undefined,
): Promise<Buffer | null> {
  return choice === undefined ? null : keys.sealFor(tenantId, json(choice), contextOf(runId));
}

/** The same with a key that is not this installation's. */
export const sealChoiceWith = (key: TenantKey, runId: string, choice: RestoreChoice | undefined): Buffer | null =>
  choice === undefined ? null : seal(key.key, Buffer.from(json(choice)), contextOf(runId));

export const openChoiceWith = (
  { key }: TenantKey,
  { sealedChoice, runId }: RestoreRow,
): Record<string, readonly string[]> | null =>
  sealedChoice && bySource(JSON.parse(unseal(key, sealedChoice, contextOf(runId)).toString()) as RestoreChoice);

/** By source, as providers take it; null for everything. */
export async function choiceOf(
  keys: TenantKeys,
  { sealedChoice, sourceTenantId, runId }: OwnRestore,
): Promise<Record<string, readonly string[]> | null> {
  if (sealedChoice === null) return null;
  return bySource(JSON.parse(await keys.unsealFor(sourceTenantId, sealedChoice, contextOf(runId))) as RestoreChoice);
}

export const bySource = ({ tables, objects, people }: RestoreChoice): Record<string, readonly string[]> => ({
  ...(tables ? { database: tables } : {}),
  ...(objects ? { storage: objects } : {}),
  ...(people ? { realm: people } : {}),
});

export async function writeRestore(
  em: Sql,
  restore: Pick<
    RestoreRow,
    'runId' | 'mode' | 'tenantId' | 'sourceTenantId' | 'backupId' | 'sealedChoice' | 'wasOpen'
  > & {
    arrivalId?: string;
    lost?: readonly string[];
    closed?: readonly string[];
  },
): Promise<void> {
  await rows(em)`
    insert into restores (run_id, mode, tenant_id, source_tenant_id, backup_id, arrival_id, sealed_choice, was_open, lost, closed)
    values (${restore.runId}, ${restore.mode}, ${restore.tenantId}, ${restore.sourceTenantId}, ${restore.backupId},
            ${restore.arrivalId ?? null}, ${restore.sealedChoice}, ${restore.wasOpen},
            ${[...(restore.lost ?? [])]}::text[], ${[...(restore.closed ?? [])]}::uuid[])`;
}

/** What a run restores, or the run that it finishes did. Null for a run that restores nothing. */
export async function findRestore(em: Sql, runId: string): Promise<RestoreRow | null> {
  const [row] = await rows<RestoreRow>(em)`
    select s.run_id as "runId", s.mode, s.tenant_id as "tenantId", s.source_tenant_id as "sourceTenantId", s.backup_id as "backupId",
      s.arrival_id as "arrivalId", s.lost,
      s.sealed_choice as "sealedChoice", s.was_open as "wasOpen", s.before_backup_id as "beforeBackupId",
      s.began_at is not null as "hasBegun"
    from runs r join restores s on s.run_id = r.id or (r.kind = 'finishRollback' and s.run_id = r.parent_run_id)
    where r.id = ${runId}`;
  return row ?? null;
}

export async function restoreOf(em: Sql, runId: string): Promise<RestoreRow> {
  const found = await findRestore(em, runId);
  if (!found) throw new Error(`run ${runId} restores nothing`);
  return found;
}
