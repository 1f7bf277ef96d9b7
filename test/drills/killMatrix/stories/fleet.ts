import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { rows } from '#domain/sql.ts';
import { written } from '../places.ts';
import { provisioned, type Story } from '../story.ts';

/** The registry believes that everybody is behind; the run finds out at each tenant, and does nothing twice. */
const migrate: Story = {
  title: 'all tenants are migrated',
  kind: 'migrateFleet',
  places: written('fleet', 'fleet.migrate'),
  fails: [],
  prepare: provisioned([]),
  async open({ installation }) {
    const runId = await installation.em.transactional(async (em) => {
      await rows(em)`update tenant_versions set version = 0`;
      const { digest } = await readCatalogue(em);
      return openFleetRun(em, { ...FleetSettings.parse({ canary: { size: { tenants: 1 } } }), digest }, theSystem);
    });
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
  alone: true,
};

export const fleetStories: readonly Story[] = [migrate];
