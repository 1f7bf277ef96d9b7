import { ImportLinePage, ImportLineQuery } from '#contracts/imports/imports.ts';
import { listLines } from '#domain/imports/viewing/viewLines.ts';
import { defineRoute, ImportParams } from '../../route.ts';
import { importOf } from './readImport.ts';

export const listImportLines = defineRoute({
  method: 'get',
  path: '/api/v1/imports/{importId}/lines',
  summary: 'List the lines of an import, each with what is wrong with it or what became of it',
  permission: 'tenants:import',
  params: ImportParams,
  query: ImportLineQuery,
  success: { status: 200, body: ImportLinePage },
  errors: ['not_found'],
  async handle({ params, query }, { em, platform }) {
    const { id } = await importOf(em, params.importId);
    return listLines(em, platform.installation.keyring, id, query);
  },
});
