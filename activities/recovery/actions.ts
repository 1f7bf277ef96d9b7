import { registryBook } from '#domain/replication/registryBook.ts';
import type { Deps } from '../deps.ts';
import type { AnyAction } from './action.ts';
import { certificateActions } from './certificates.ts';
import { keyActions } from './keys.ts';
import { platformActions } from './platform.ts';
import { rebuildActions } from './rebuild.ts';
import { replicationActions } from './replication.ts';
import { tenantActions } from './tenants.ts';

/** What carries out every action that the catalogue describes. */
export const recoveryActions = (deps: Deps): readonly AnyAction[] => [
  ...platformActions(deps),
  ...rebuildActions({
    platform: async () => deps,
    restore: null,
    backups: async () => ({ place: deps.backupPlace, masterKey: deps.configuration.masterKey }),
  }),
  ...keyActions(deps),
  ...certificateActions(deps),
  ...tenantActions(deps),
  ...replicationActions({ servers: deps.servers, book: registryBook(() => deps.registry.em.fork()) }),
];
