import { PlatformRunStarted } from '#contracts/findings/drift.ts';
import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { defineRoute } from '../../route.ts';

export const startPlatformBackup = defineRoute({
  method: 'post',
  path: '/api/v1/platform/backups',
  summary: 'Back up the control plane itself now',
  permission: 'platform:recover',
  idempotent: true,
  success: { status: 202, body: PlatformRunStarted },
  errors: ['run_in_progress'],
  async handle({ actor }, { once, workflows }) {
    const runId = await once((em) => openPlatformBackup(em, null, actor));
    await workflows.start(runId);
    return { runId };
  },
});
