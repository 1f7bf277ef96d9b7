import { Import, ImportStart } from '#contracts/imports/imports.ts';
import { startImport as start } from '#domain/imports/creating/beginCreating.ts';
import { defineRoute, ImportParams } from '../../route.ts';
import { importOf } from './readImport.ts';

export const startImport = defineRoute({
  method: 'post',
  path: '/api/v1/imports/{importId}/start',
  summary: 'Start an import that was checked and waits',
  permission: 'tenants:import',
  params: ImportParams,
  body: ImportStart,
  success: { status: 202, body: Import },
  errors: ['not_found', 'import_not_ready', 'import_has_invalid_lines', 'import_nothing_to_do'],
  async handle({ params: { importId }, body, actor }, { em, platform, workflows }) {
    const { runId, version, workflowId } = await em.transactional((tx) => start(tx, importId, body, actor));
    platform.announcer.announce('run', runId, version);
    await workflows.wake(workflowId);
    return importOf(em.fork(), importId);
  },
});
