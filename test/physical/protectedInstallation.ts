import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkServerArchive } from '#activities/recovery/serverBackups.ts';
import { beginBase, noteBaseProven } from '#domain/physical/serverBackups.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';
import { testServers, type TestInstallation } from '#test/servers/installation.ts';
import { openPhysical } from '#workers/physical/openPhysical.ts';
import { never, physicalGround, type PhysicalGround } from './physicalGround.ts';

/** Settings and servers of an installation all of which lies in one server that puts its log aside. */
export async function protectedGround(): Promise<{
  ground: PhysicalGround;
  env: Record<string, string>;
  servers: { adminUrl: string; temporalAddress: string };
}> {
  const ground = await physicalGround();
  const { adminUrl, spoolDir, scratchDir, bin } = ground.options;
  const env = {
    ...{
      TENANTRY_PHYSICAL_BACKUP: 'lowlevel',
      TENANTRY_PHYSICAL_DATABASE_URL: adminUrl!,
      TENANTRY_WAL_SPOOL: spoolDir,
    },
    ...{ TENANTRY_SCRATCH_DIR: scratchDir, TENANTRY_POSTGRES_BIN: bin, TENANTRY_BACKUP_PLACE: ground.placeDir },
    TENANTRY_BASE_BACKUP_AT: 'never', // a test makes its own, and no clock beside it
  };
  return { ground, env, servers: { adminUrl: ground.server.adminUrl, temporalAddress: testServers().temporalAddress } };
}

/** The server that an installation lies in, protected; and what lies of its tenants there. */
export class ProtectedServer {
  readonly installation: TestInstallation;
  readonly ground: PhysicalGround;
  readonly physical: PhysicalBackup;

  constructor(installation: TestInstallation, ground: PhysicalGround) {
    this.installation = installation;
    this.ground = ground;
    this.physical = openPhysical(installation.platform)!;
  }

  get #deps() {
    return { ...this.installation.platform, physical: this.physical };
  }

  /** As the schedules do it: a base backup that was read again, and a look at the archive. */
  async backUp(): Promise<string> {
    const { em } = this.installation;
    const id = await beginBase(em);
    const written = await this.physical.backUp(id, { signal: never });
    await this.physical.verify(id, { signal: never });
    await noteBaseProven(em, id, written, []);
    await this.look();
    return id;
  }

  async look(): Promise<void> {
    await checkServerArchive(this.#deps, never);
  }

  /** Behind everything that was committed. */
  now(): Promise<Date> {
    return this.ground.now();
  }

  async inTenant<Row extends Record<string, unknown>>(tenantId: string, text: string): Promise<Row[]> {
    const [store] = await this.installation.asAdmin<{ name: string }>(
      null,
      `select s.database_name as name from resources r join data_stores s on s.id = r.store_id where r.tenant_id = $1`,
      [tenantId],
    );
    return this.installation.asAdmin<Row>(store!.name, text.replaceAll('$', schemaNameOf(tenantId)));
  }

  async note(tenantId: string, title: string): Promise<void> {
    await this.inTenant(tenantId, `insert into $.projects (title) values ('note ${title}')`);
  }

  async notes(tenantId: string): Promise<string[]> {
    const found = await this.inTenant<{ title: string }>(
      tenantId,
      `select title from $.projects where title like 'note %' order by title`,
    );
    return found.map(({ title }) => title.slice('note '.length));
  }

  /** Servers that were brought back and are there still. */
  scratch(): Promise<string[]> {
    return readdir(this.ground.options.scratchDir).catch(() => []);
  }

  /** Files of the archived log, in their order. */
  async segments(): Promise<string[]> {
    const all = await readdir(join(this.ground.placeDir, 'physical'), { recursive: true, withFileTypes: true });
    return all
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .filter((path) => /\/wal\/.*[0-9a-f]{24}-\d+-/.test(path))
      .toSorted();
  }
}
