import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { loadRegistry, stateOfRegistry } from '#domain/backups/platform/loadRegistry.ts';
import { openPlatformBackup, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { writePlatformBackup } from '#domain/backups/platform/writePlatformBackup.ts';
import { filesystemPlace } from '#domain/places/filesystemPlace.ts';
import { migrate } from '#migrations/setUp.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { percentile, type Bench, type Figure, type Measured } from '../figure.ts';

const rounds = 3;
const plantedEvents = 400_000;

/** What the control plane's own backup costs: a registry with a long history written, read again, and brought back into an empty one. */
export const platformBackup: Figure = {
  name: 'platform-backup',
  async measure({ servers, place: folder }: Bench): Promise<Measured[]> {
    const installation = await TestInstallation.start({}, servers);
    try {
      await plantHistory(installation);
      const { appDatabaseUrl: registryUrl, masterKey } = installation.configuration;
      const place = filesystemPlace(join(folder, 'platform'));
      const { signal } = new AbortController();
      const took = { write: [] as number[], verify: [] as number[], restore: [] as number[] };
      let [bytes, stored, rows] = [0, 0, 0];
      for (let round = 0; round < rounds; round++) {
        const id = randomUUID();
        const files = async function* () {};
        const written = await timed(took.write, () =>
          writePlatformBackup(place, { registryUrl, masterKey, files }, id, signal),
        );
        const manifest = await timed(took.verify, () => verifyPlatformBackup(place, id, masterKey));
        bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0);
        [stored, rows] = [written.bytes, written.rows];
        await intoAnother(installation, async (migratorUrl) => {
          const backup = await openPlatformBackup(place, id, masterKey);
          await migrate({ migratorUrl, only: manifest.migrations });
          if ((await stateOfRegistry(migratorUrl)).kind !== 'empty') throw new Error('the registry is not empty');
          const loaded = await timed(took.restore, () => loadRegistry(migratorUrl, backup));
          if (loaded !== rows) throw new Error(`${loaded} of ${rows} rows came back`);
        });
      }
      const mb = bytes / 1024 ** 2;
      const line = (what: string, times: number[]): Measured[] => {
        const seconds = percentile(times, 0.5) / 1_000;
        return [
          { what, value: seconds, unit: 's', n: rounds },
          { what: `${what}, MB a second`, value: mb / seconds, unit: '/s' },
        ];
      };
      return [
        { what: 'rows of the registry', value: rows, unit: '' },
        { what: 'as COPY writes them', value: mb, unit: 'MB' },
        { what: 'the same in the place, packed and sealed', value: stored / 1024 ** 2, unit: 'MB' },
        ...line('written', took.write),
        ...line('read again', took.verify),
        ...line('brought back, with its references checked', took.restore),
      ];
    } finally {
      await installation.stop();
    }
  },
};

async function timed<Result>(into: number[], work: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  const result = await work();
  into.push(performance.now() - began);
  return result;
}

/** Events as a platform writes them for years: what grows in a registry. */
async function plantHistory(installation: TestInstallation): Promise<void> {
  await installation.asAdmin(
    null,
    `insert into events (stream, version, type, tenant_id, data, request_id, created_at, delivered_at)
     select 'planted:' || i % 5000, 1 + i / 5000, 'license.validated', null,
            jsonb_build_object('runId', md5(i::text), 'outcome', (array['valid', 'expired', 'revoked'])[1 + i % 3], 'count', i % 97),
            md5((-i)::text), now() - i * interval '3 seconds', now()
     from generate_series(1, $1::int) i`,
    [plantedEvents],
  );
}

/** A registry of its own on the same server, thrown away after. */
async function intoAnother(installation: TestInstallation, use: (migratorUrl: string) => Promise<void>): Promise<void> {
  const name = `bench_restore_${randomUUID().slice(0, 8)}`;
  await installation.asAdmin('postgres', `create database ${name}`);
  const adminUrl = new URL(installation.adminUrl);
  adminUrl.pathname = `/${name}`;
  try {
    await use(adminUrl.toString());
  } finally {
    await installation.asAdmin('postgres', `drop database ${name} with (force)`);
  }
}
