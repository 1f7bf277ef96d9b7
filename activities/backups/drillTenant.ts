import { Context } from '@temporalio/activity';
import type { DrillProof } from '#contracts/backups/drills.ts';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { openBackup, readPart, readParts, type OpenBackup } from '#domain/backups/format/readBackup.ts';
import { closeProven } from '#domain/backups/drills/closeDrill.ts';
import { drillOfRun, noteChecks, noteProof, noteRestored } from '#domain/backups/drills/drillRow.ts';
import { countDrill } from '#observability/backups/drillMetrics.ts';
import { readDrillChecks } from '#providers/database/drill/checks.ts';
import { proveRoom, restoreIntoRoom } from '#providers/database/drill/proveDatabase.ts';
import { readTenantMigrations } from '#providers/database/tenantMigrations.ts';
import type { Deps } from '../deps.ts';

/** `drill.*`: a backup comes back into a throw-away database, and what came back is compared with what was backed up. */
export const drillTenant = (deps: Deps) => ({
  async 'drill.ensure'(input: StepInput): Promise<void> {
    const { cancellationSignal: signal } = Context.current();
    const backup = await backupOf(deps, input);
    const restored = await restoreIntoRoom(
      deps.drillRooms,
      roomOf(deps, input),
      {
        parts: backup.parts.filter(({ source }) => source === 'database'),
        open: (part) => readPart(backup, part),
        migrations: await readTenantMigrations(deps.configuration.tenantMigrationsDir),
      },
      signal,
    );
    await noteRestored(deps.registry.em.fork(), input.runId, restored.ms);
  },

  async 'drill.check'(input: StepInput): Promise<void> {
    const { cancellationSignal: signal } = Context.current();
    const { tenantMigrationsDir } = deps.configuration;
    const backup = await backupOf(deps, input);
    const began = performance.now();
    const others = await readOthers(backup, signal);
    const readMs = Math.round(performance.now() - began);
    const proof = await proveRoom(
      deps.drillRooms,
      roomOf(deps, input),
      {
        parts: backup.parts.filter(({ source }) => source === 'database'),
        migrations: await readTenantMigrations(tenantMigrationsDir),
        checks: await readDrillChecks(tenantMigrationsDir),
        note: (checks) => noteChecks(deps.registry.em.fork(), input.runId, checks),
      },
      signal,
    );
    const em = deps.registry.em.fork();
    const { restore_ms: restoreMs } = await drillOfRun(em, input.runId);
    await noteProof(em, input.runId, { ...proof, others, restoreMs: restoreMs ?? 0, readMs });
  },

  'drill.destroy': (input: StepInput): Promise<void> => deps.drillRooms.close(roomOf(deps, input)),

  async 'drill.closeProven'(ref: RunRef): Promise<void> {
    const proven = await closeProven(deps.ledger, ref);
    if (proven) countDrill(proven);
  },
});

export type DrillActivities = ReturnType<typeof drillTenant>;

const roomOf = ({ installation }: Deps, { tenantId, runId }: RunRef) => ({
  installationId: installation.id,
  tenantId,
  runId,
});

async function backupOf({ registry, tenantKeys, backupPlace }: Deps, { tenantId, runId }: RunRef): Promise<OpenBackup> {
  const em = registry.em.fork();
  const { backup_id: backupId } = await drillOfRun(em, runId);
  const target = { place: backupPlace, key: await tenantKeys.of(tenantId), tenantId, backupId };
  return openBackup(target, { keys: new KeyBook(await listKeys(em)) });
}

/** What has no throw-away place of its own is read to its end: a part whose digest is not the manifest's ends it. */
async function readOthers(backup: OpenBackup, signal: AbortSignal): Promise<DrillProof['others']> {
  const bySource = new Map<string, DrillProof['others'][number]>();
  for await (const { part, pieces } of readParts(backup)) {
    if (part.source === 'database') continue;
    signal.throwIfAborted();
    const of = bySource.get(part.source) ?? { source: part.source, parts: 0, rows: 0, objects: 0, bytes: 0 };
    for await (const piece of pieces) of.bytes += piece.length;
    of.parts += 1;
    of.rows += part.rows ?? 0;
    of.objects += part.objects ?? 0;
    bySource.set(part.source, of);
  }
  return [...bySource.values()];
}
