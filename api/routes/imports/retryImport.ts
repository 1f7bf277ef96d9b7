import { Import } from '#contracts/imports/imports.ts';
import { retryImport as retry } from '#domain/imports/goOn.ts';
import { defineRoute, ImportParams } from '../../route.ts';
import { importOf } from './readImport.ts';

export const retryImport = defineRoute({
  method: 'post',
  path: '/api/v1/imports/{importId}/retry',
  summary: 'Try the lines again that failed, and go on with those that were left',
  permission: 'tenants:import',
  params: ImportParams,
  success: { status: 202, body: Import },
  errors: ['not_found', 'import_not_ready', 'import_over', 'import_nothing_to_do'],
  async handle({ params: { importId }, actor }, { em, workflows }) {
    await workflows.start(await em.transactional((tx) => retry(tx, importId, actor)));
    return importOf(em.fork(), importId);
  },
});
