import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { ImportFormat, ImportQuery } from '#contracts/imports/imports.ts';
import type { Registry, Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import type { Keyring } from '../secrets/keyring.ts';
import { json, rows } from '../sql.ts';
import { sealChunk, type ImportOptions } from './importRow.ts';

/** So much of a file is held in memory at a time. */
const chunkBytes = 1024 * 1024;
/** A program that sends the same file again and again must not fill the registry. */
const mostOpen = 50;

export const checkStep: NewStep = {
  title: 'Check every line',
  kind: 'fixed',
  provider: 'import',
  act: 'import.check',
  undo: null,
};
export const createStep: NewStep = {
  title: 'Create the tenants',
  kind: 'fixed',
  provider: 'import',
  act: 'import.create',
  undo: null,
};
export const inviteStep: NewStep = {
  title: 'Send the invitations',
  kind: 'fixed',
  provider: 'import',
  act: 'import.invite',
  undo: null,
};

/**
 * Keeps a file as it arrives, sealed, chunk by chunk, and opens the run that reads it. A file that does not arrive whole leaves nothing.
 * Refuses with `invalid_request` where nobody can tell the format, and with `import_not_ready` while too many others are open.
 *
 * @param file refuses by itself what is too large
 * @param type as it was sent, for file names that tell nothing
 */
export async function receiveFile(
  { registry, keyring }: { registry: Registry; keyring: Keyring },
  query: ImportQuery,
  file: AsyncIterable<Buffer>,
  actor: Actor,
  type?: string,
): Promise<{ importId: string; runId: string; bytes: number }> {
  const importId = newId();
  const options: ImportOptions = {
    plan: query.plan ?? null,
    region: query.region ?? null,
    mapping: query.mapping ?? {},
    dryRun: query.dryRun,
    startWhenValid: query.startWhenValid,
    invitations: query.invitations,
  };
  await begin(
    registry.em.fork(),
    importId,
    { ...query, format: query.format ?? formatOf(query.fileName, type) },
    options,
    actor,
  );
  try {
    const { bytes, digest } = await keep(registry, keyring, importId, file);
    const runId = await registry.em.fork().transactional(async (em) => {
      const opened = await openImportRun(em, importId, [checkStep, ...(options.dryRun ? [] : [createStep])], actor);
      await rows(em)`
        update imports set state = 'checking', bytes = ${bytes}, digest = ${digest}, run_id = ${opened} where id = ${importId}`;
      await appendEvent(
        em,
        {
          stream: `import:${importId}`,
          type: 'import.received',
          tenantId: null,
          data: {
            bytes,
            digest: digest.toString('hex'),
            dryRun: options.dryRun,
            startWhenValid: options.startWhenValid,
          },
        },
        actor,
      );
      return opened;
    });
    return { importId, runId, bytes };
  } catch (error) {
    // What does not come off now is cleared away with what a killed process leaves.
    await rows(registry.em.fork())`delete from imports where id = ${importId} and state = 'uploading'`.catch(
      () => undefined,
    );
    throw error;
  }
}

/** One run for each import at a time; the unique index of platform runs sees to it. */
export async function openImportRun(
  em: Sql,
  importId: string,
  steps: NewStep[],
  actor: Actor,
  parentRunId?: string,
): Promise<string> {
  const id = newId();
  await openRun(
    em,
    {
      id,
      kind: 'importTenants',
      tenantId: null,
      subjectId: importId,
      exclusive: false,
      cancellable: true,
      queue: 'bulk',
      ...(parentRunId ? { parentRunId } : {}),
    },
    actor,
  );
  await addSteps(em, id, steps);
  return id;
}

async function begin(
  em: Sql,
  importId: string,
  { fileName, format }: { fileName: string; format: ImportFormat },
  options: ImportOptions,
  { userId }: Actor,
): Promise<void> {
  const begun = await rows(em)`
    insert into imports (id, state, file_name, format, options, invites, created_by)
    select ${importId}, 'uploading', ${fileName}, ${format}, ${json(options)}::jsonb, ${options.invitations === 'send'}, ${userId}
    where (select count(*) from imports where finished_at is null) < ${mostOpen}
    returning id`;
  if (begun.length === 0)
    throw new DomainError(
      'import_not_ready',
      `There are ${mostOpen} imports that have not ended. End some of them first.`,
    );
}

function formatOf(fileName: string, type = ''): ImportFormat {
  const ending = /\.([a-z]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? '';
  if (['csv', 'tsv', 'txt'].includes(ending)) return 'csv';
  if (['json', 'jsonl', 'ndjson'].includes(ending)) return 'json';
  if (type.startsWith('text/csv')) return 'csv';
  if (/^application\/(?:json|jsonl|x-ndjson)\b/.test(type)) return 'json';
  throw new DomainError('invalid_request', 'Some of what was sent is not valid.', {
    fields: [
      { path: 'format', message: 'must be csv or json, where the file name does not end in .csv, .json or .jsonl' },
    ],
  });
}

async function keep(
  registry: Registry,
  keyring: Keyring,
  importId: string,
  file: AsyncIterable<Buffer>,
): Promise<{ bytes: number; digest: Buffer }> {
  const hash = createHash('sha256');
  let waiting: Buffer[] = [];
  let size = 0;
  let bytes = 0;
  let number = 0;
  const write = async () => {
    const sealed = sealChunk(keyring, importId, number, Buffer.concat(waiting));
    await rows(registry.em.fork())`
      insert into import_chunks (import_id, number, sealed) values (${importId}, ${number}, ${sealed})`;
    number += 1;
    [waiting, size] = [[], 0];
  };
  for await (const piece of file) {
    hash.update(piece);
    bytes += piece.length;
    size += piece.length;
    waiting.push(piece);
    if (size >= chunkBytes) await write();
  }
  if (size > 0) await write();
  return { bytes, digest: hash.digest() };
}
