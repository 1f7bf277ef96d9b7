import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { makeExportLink, revokeExportLink } from '#domain/exports/exportLinks.ts';
import { mailOfExport } from '#domain/exports/exportMail.ts';
import {
  beginExport,
  exportOfRun,
  exportsOf,
  markRemoved,
  markVerified,
  markWritten,
  type ExportRow,
} from '#domain/exports/exportRows.ts';
import { folderOfTenant } from '#domain/exports/manifest.ts';
import { verifyExport, type Held } from '#domain/exports/readExport.ts';
import { exportedPeople, registryParts } from '#domain/exports/registryParts.ts';
import { writeExport, type ExportPart, type ExportTarget } from '#domain/exports/writeExport.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rows } from '#domain/sql.ts';
import { countPeople } from '#domain/members/realmPeople.ts';
import { deleteFolder } from '#domain/places/place.ts';
import { countExport } from '#observability/offboardingMetrics.ts';
import { removeBackupsOf } from '../backups/removing.ts';
import { removeUnlockedExports } from '../platform/eraseLeft.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from './resources.ts';

/** `export.*`, `handover.*`: the copy that a tenant takes along. */
export const exportActivities = (deps: Deps) => ({
  /** Writes everything into the place, once: what a killed attempt left is removed first. */
  'export.ensure': (input: StepInput): Promise<void> => explained(() => exportOnce(deps, input)),

  /** Reads everything again. After a failure it is exported anew first: what lies there is not to be trusted. */
  'export.check': (input: StepInput): Promise<void> => explained(() => verifyOnce(deps, input)),

  'export.destroy': (input: StepInput): Promise<void> => removeExports(deps, input.tenantId),

  /** Makes the link and sends it to the tenant's administrator, if one is named; the platform makes another when it is asked for. */
  async 'handover.ensure'({ tenantId, runId }: StepInput): Promise<void> {
    const em = deps.registry.em.fork();
    await deps.tenantKeys.find(tenantId);
    await em.transactional(async (tx) => {
      const made = await exportOfRun(tx, runId);
      if (!made || (await hasLink(tx, made.id))) return;
      const link = await makeExportLink(tx, tenantId, theSystem);
      await mailOfExport(tx, deps, tenantId, link);
    });
  },

  async 'handover.destroy'({ tenantId }: StepInput): Promise<void> {
    await deps.registry.em
      .fork()
      .transactional((em) => revokeExportLink(em, tenantId, theSystem))
      .catch(unlessNotThere);
  },

  /** At the erasure: with exports and backups goes the last copy that we keep. */
  async 'erasure.removeExports'({ tenantId }: RunRef): Promise<void> {
    await removeUnlockedExports(deps, tenantId);
    await removeBackupsOf(deps, tenantId);
  },
});

async function hasLink(em: Parameters<typeof makeExportLink>[0], exportId: string): Promise<boolean> {
  return (await rows(em)`select 1 from export_links where export_id = ${exportId} limit 1`).length > 0;
}

function unlessNotThere(error: unknown): void {
  if (!(error instanceof DomainError && error.code === 'not_found')) throw error;
}

async function targetOf({ place, tenantKeys }: Deps, tenantId: string, exportId: string): Promise<ExportTarget> {
  return { place, key: (await tenantKeys.of(tenantId)).key, tenantId, exportId };
}

async function exportOnce(deps: Deps, input: StepInput): Promise<void> {
  const em = deps.registry.em.fork();
  const before = await exportOfRun(em, input.runId);
  if (before?.manifestDigest) return;
  await removeExports(deps, input.tenantId);
  const startedAt = performance.now();
  const exportId = await beginExport(em, input);
  const head = {
    record: 'export',
    v: 1,
    installation: deps.installation.id,
    tenant: input.tenantId,
    export: exportId,
    at: new Date().toISOString(),
  } as const;
  const signal = Context.current().cancellationSignal;
  const written = await writeExport(
    await targetOf(deps, input.tenantId, exportId),
    head,
    partsOf(deps, input, signal),
    signal,
  );
  await markWritten(deps.registry.em.fork(), exportId, written);
  countExport(written, (performance.now() - startedAt) / 1_000);
}

async function* partsOf(deps: Deps, input: StepInput, signal: AbortSignal): AsyncIterable<ExportPart> {
  for (const part of await registryParts(deps, input.tenantId))
    yield {
      source: 'registry',
      what: 'rows',
      name: part.name,
      sourceRows: part.rows.length,
      pieces: jsonLines(part.rows),
    };
  const { people } = await countPeople(deps.registry.em.fork(), input.tenantId);
  const pieces = jsonLines(exportedPeople(deps, input.tenantId));
  yield { source: 'registry', what: 'rows', name: 'people', sourceRows: people, pieces };
  for (const spec of await specsOf(deps, input))
    for await (const part of deps.providers[spec.provider]!.export(spec, signal))
      yield { source: spec.provider, ...part };
}

async function* jsonLines(all: Iterable<object> | AsyncIterable<object>): AsyncIterable<Buffer> {
  for await (const row of all) yield Buffer.from(`${JSON.stringify(row)}\n`);
}

async function verifyOnce(deps: Deps, input: StepInput): Promise<void> {
  const em = deps.registry.em.fork();
  let made = await exportOfRun(em, input.runId);
  if (made?.verifiedAt) return;
  if (!made?.manifestDigest || (await hasFailedBefore(deps, input))) {
    await removeExports(deps, input.tenantId);
    await exportOnce(deps, input);
    made = await exportOfRun(em, input.runId);
  }
  const { id, manifestDigest } = made as ExportRow;
  const target = await targetOf(deps, input.tenantId, id);
  const held = await verifyExport(target, manifestDigest!, Context.current().cancellationSignal);
  await compareWithSources(deps, input, held);
  await markVerified(em, id);
}

/** It failed, or its worker died: either way what lies there has not been proven. */
async function hasFailedBefore({ registry }: Deps, { stepId }: StepInput): Promise<boolean> {
  const [step] = await rows<{ attempt: number }>(
    registry.em.fork(),
  )`select attempt from run_steps where id = ${stepId}`;
  return (step?.attempt ?? 1) > 1;
}

/** The tenant is suspended: what its stores hold now is what they held when they were read, or somebody wrote meanwhile. */
async function compareWithSources(deps: Deps, input: StepInput, held: Held): Promise<void> {
  for (const spec of await specsOf(deps, input)) {
    const now = await deps.providers[spec.provider]!.measure(spec);
    const was = held.get(spec.provider) ?? { files: 0, rows: 0, bytes: 0 };
    const differs =
      ('rows' in now && now['rows'] !== was.rows) ||
      ('tables' in now && now['tables'] !== was.files) ||
      ('objects' in now && (now['objects'] !== was.files || now['bytes'] !== was.bytes));
    if (differs)
      throw new DomainError(
        'export_failed',
        `The ${spec.provider} holds something else now than what was exported; somebody wrote to it meanwhile. Export it again.`,
      );
  }
}

/** With what a late attempt wrote into the folder of an export that was removed before. */
async function removeExports({ registry, place }: Deps, tenantId: string): Promise<void> {
  const em = registry.em.fork();
  const known = await exportsOf(em, tenantId);
  await deleteFolder(place, folderOfTenant(tenantId));
  for (const { id } of known) await em.transactional((tx) => markRemoved(tx, id));
}

const placeTrouble: Record<string, string> = {
  ENOSPC: 'The place for exports is full.',
  EDQUOT: 'The place for exports is full.',
  EROFS: 'The place for exports takes no files.',
  EACCES: 'The place for exports refuses us.',
  ENOTDIR: 'The place for exports is not there.',
  NoSuchBucket: 'The bucket for exports is not there.',
  AccessDenied: 'The bucket for exports refuses us.',
};

/** What trying again at once does not mend is told at once; the texts name no file. */
async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    const text = placeTrouble[code ?? ''] ?? placeTrouble[name ?? ''];
    if (text) throw new DomainError('export_failed', text, { cause: error });
    throw error;
  }
}
