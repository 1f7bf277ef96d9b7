import { Import } from '#contracts/imports/imports.ts';
import { sendInvitations } from '#domain/imports/goOn.ts';
import { defineRoute, ImportParams } from '../../route.ts';
import { importOf } from './readImport.ts';

export const sendImportInvitations = defineRoute({
  method: 'post',
  path: '/api/v1/imports/{importId}/invitations',
  summary: 'Write to the administrators of the tenants of an import whose invitations were held back',
  permission: 'tenants:import',
  params: ImportParams,
  success: { status: 202, body: Import },
  errors: ['not_found', 'import_not_ready', 'import_over', 'import_nothing_to_do'],
  async handle({ params: { importId }, actor }, { em, workflows }) {
    await workflows.start(await em.transactional((tx) => sendInvitations(tx, importId, actor)));
    return importOf(em.fork(), importId);
  },
});
