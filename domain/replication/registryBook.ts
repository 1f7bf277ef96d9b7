import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import { switchProvisioning } from '../provisioningSwitch.ts';
import { rows } from '../sql.ts';
import { claimServers, lastKnownLsn, releaseServers, repointStores } from './serverRows.ts';

const reasonOf = (holder: string): string => `Database servers are being moved (${holder})`;

/** What actions of replication write down, in the registry. */
export const registryBook = (fork: () => Sql) => ({
  claim: (names: string[], holder: string) => claimServers(fork(), names, holder),
  release: async (names: string[], holder: string) => void (await releaseServers(fork(), names, holder)),
  repoint: (from: string, to: Parameters<typeof repointStores>[1]['to']) =>
    repointStores(fork(), { from, to }, theSystem),
  lastKnownLsn: (primary: string) => lastKnownLsn(fork(), primary),

  /** Leaves a pause alone that somebody else made. */
  async holdRuns(holder: string): Promise<boolean> {
    const em = fork();
    return em.transactional(async (tx) => {
      const [pause] = await rows<{ reason: string | null }>(tx)`
        select reason from switches where name = 'provisioning' and paused for update`;
      if (pause) return pause.reason === reasonOf(holder);
      await switchProvisioning(tx, { paused: true, reason: reasonOf(holder) }, theSystem);
      return true;
    });
  },

  async resumeRuns(holder: string): Promise<number> {
    const em = fork();
    return em.transactional(async (tx) => {
      const [pause] = await rows<{ reason: string | null }>(tx)`
        select reason from switches where name = 'provisioning' and paused for update`;
      if (pause?.reason === reasonOf(holder)) await switchProvisioning(tx, { paused: false }, theSystem);
      // Whoever is cut off because the database failed tries again now instead of when its patience is over.
      await rows(tx)`update circuits set retry_at = now() where state = 'open' and provider = 'database'`;
      const [waiting] = await rows<{ count: number }>(
        tx,
      )`select count(*)::integer as count from runs where held_by is not null`;
      return waiting?.count ?? 0;
    });
  },
});
