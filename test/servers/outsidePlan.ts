import { createVersion } from '#domain/blueprints/createVersion.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import type { TestInstallation } from './installation.ts';

/** A plan of this name whose tenants are made by a database and these steps. */
export async function planWith(installation: TestInstallation, name: string, steps: object[]): Promise<void> {
  const database = { key: 'database', kind: 'resource', provider: 'database', title: 'Create the database' };
  const version = await installation.em.transactional((em) =>
    createVersion(em, { name, baseVersion: 0, steps: [database, ...steps] }, theSystem),
  );
  await installation.asAdmin(
    null,
    `insert into plans (name, title, tier, blueprint_name, blueprint_version) values ($1, $1, 'schema', $1, $2)`,
    [name, version],
  );
}
