import assert from 'node:assert/strict';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** The control plane's own backups. */
export function platformBackupCases(world: World): Record<'listPlatformBackups' | 'startPlatformBackup', RouteCase> {
  return {
    startPlatformBackup: {
      succeeds: async () => ({}),
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
      },
    },
    listPlatformBackups: {
      async succeeds() {
        const { body } = await world.api.ask('POST', '/api/v1/platform/backups');
        await world.api.installation.runIsOver(String(body['runId']));
        return {};
      },
      shows({ body }) {
        assert.partialDeepStrictEqual(body, { isBesideTheData: true, at: '01:17', kept: 14 });
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.equal(newest?.['state'], 'proven');
        assert.ok(Number(newest?.['rows']) > 0);
      },
    },
  };
}
