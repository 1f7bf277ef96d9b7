import { ImportAccepted, importLimitBytes, ImportQuery } from '#contracts/imports/imports.ts';
import { receiveFile } from '#domain/imports/receiveFile.ts';
import { countImportBytes } from '#observability/importMetrics.ts';
import { defineRoute } from '../../route.ts';

/** Accepted once it is kept whole; it is read and checked by a worker. */
export const createImport = defineRoute({
  method: 'post',
  path: '/api/v1/imports',
  summary: 'Send a file of tenants: CSV, a JSON array or JSON Lines, up to 100 MB',
  permission: 'tenants:import',
  query: ImportQuery,
  file: {
    types: [
      'text/csv',
      'text/plain',
      'application/json',
      'application/jsonl',
      'application/x-ndjson',
      'application/octet-stream',
    ],
    limitBytes: importLimitBytes,
  },
  success: { status: 202, body: ImportAccepted },
  errors: ['import_not_ready'],
  async handle({ query, file, actor, header }, { platform, workflows }) {
    const { registry, installation } = platform;
    const { importId, runId, bytes } = await receiveFile(
      { registry, keyring: installation.keyring },
      query,
      file,
      actor,
      header('content-type'),
    );
    countImportBytes(bytes);
    await workflows.start(runId);
    return { importId, runId };
  },
});
