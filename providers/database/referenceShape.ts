import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { settleSchema } from './schema.ts';
import { readShape, type Shape } from './shape.ts';
import type { StoreConnections } from './stores/storeConnections.ts';
import { applyTenantMigrations, keepMigrationsList, type TenantMigration } from './tenantMigrations.ts';

/**
 * What a schema with these migrations looks like: they are applied to a schema that is rolled back, so what is compared with follows
 * from the migrations themselves and not from what some tenant happens to look like. Asked once for each list of migrations.
 */
export class ReferenceShapes {
  readonly #connections: StoreConnections;
  readonly #readerRole: string | null;
  readonly #known = new Map<string, Promise<Shape>>();

  constructor(connections: StoreConnections, readerRole: string | null) {
    this.#connections = connections;
    this.#readerRole = readerRole;
  }

  of(databaseName: string, migrations: TenantMigration[]): Promise<Shape> {
    const key = [databaseName, ...migrations.map(({ checksum }) => checksum)].join(' ');
    const known = this.#known.get(key);
    if (known) return known;
    const asking = this.#build(databaseName, migrations);
    this.#known.set(key, asking);
    asking.catch(() => this.#known.delete(key));
    return asking;
  }

  async #build(databaseName: string, migrations: TenantMigration[]): Promise<Shape> {
    const name = `tenantry_reference_${randomBytes(6).toString('hex')}`;
    return this.#connections.transaction(databaseName, async (client) => {
      await client.query(`create role ${pg.escapeIdentifier(name)} nologin`);
      await settleSchema(client, { name, tag: '', readerRole: this.#readerRole, tagged: null });
      await applyTenantMigrations(client, name, migrations);
      await keepMigrationsList(client, name);
      const shape = await readShape(client, name);
      await client.query('rollback');
      return shape;
    });
  }
}
