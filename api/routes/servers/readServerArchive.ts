import { ServerArchive } from '#contracts/recovery/serverArchive.ts';
import { viewArchive } from '#domain/physical/viewArchive.ts';
import { defineRoute } from '../../route.ts';

export const readServerArchive = defineRoute({
  method: 'get',
  path: '/api/v1/platform/archive',
  summary: "Read how the server's base backups and its log stand",
  permission: 'platform:recover',
  success: { status: 200, body: ServerArchive },
  errors: [],
  handle: (_input, { em, platform }) => viewArchive(em, platform.configuration.physical),
});
