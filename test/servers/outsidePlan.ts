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

/** A step that gives a tenant an account at the service of this address, and one that needs to know it. */
export const accountStep = (url: string, more: object = {}) => ({
  key: 'account',
  kind: 'http',
  title: 'Create the account',
  url: `${url}/accounts`,
  undoUrl: `${url}/accounts/undo`,
  timeoutSeconds: 30,
  input: { slug: { $tenant: 'slug' }, schema: { $from: 'steps.database.schema' } },
  outputSchema: { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] },
  ...more,
});

export const seatsStep = (url: string) => ({
  key: 'seats',
  kind: 'http',
  title: 'Book the seats',
  url: `${url}/seats`,
  undoUrl: `${url}/seats/undo`,
  timeoutSeconds: 30,
  input: { of: { $from: 'steps.account.account' } },
});
