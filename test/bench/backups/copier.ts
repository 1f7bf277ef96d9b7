/** Takes snapshots and restores them in a process of its own, so that its memory is its own. Asked and answering by messages. */
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { writeBackup, type BackupPart, type BackupTarget } from '#domain/backups/format/writeBackup.ts';
import { openBackup, readPart } from '#domain/backups/format/readBackup.ts';
import { verifyBackup } from '#domain/backups/format/verifyBackup.ts';
import { filesystemPlace } from '#domain/places/filesystemPlace.ts';
import { snapshotTables } from '#providers/database/backup/snapshotTables.ts';
import { heldSchemaOf } from '#providers/database/restore/heldSchema.ts';
import { MigratedSchemas } from '#providers/database/restore/migratedSchema.ts';
import { restoreSchema } from '#providers/database/restore/restoreSchema.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { readTenantMigrations } from '#providers/database/tenantMigrations.ts';
import { newSigner } from '#test/scenarios/backups/newSigner.ts';

export interface Asked {
  act: 'snapshot' | 'verify' | 'restore';
  url: string;
  place: string;
  migrationsDir: string;
  tenantId: string;
  schema: string;
  backupId: string;
}

export interface Answered {
  ms: number;
  bytes: number;
  storedBytes: number;
  /** Resident, in MB: before anything was done, and the most since. */
  baseMb: number;
  peakMb: number;
}

const { signal } = new AbortController();
const { signer, keys } = newSigner();
const keysOfTenants = new Map<string, BackupTarget['key']>();
const schemas = new MigratedSchemas();
const connections = new Map<string, StoreConnections>();

const memoryMb = (which: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN) / 1024;

function targetOf({ place, tenantId, backupId }: Asked): BackupTarget {
  const key = keysOfTenants.get(tenantId) ?? { id: randomUUID(), key: Buffer.alloc(32, tenantId) };
  keysOfTenants.set(tenantId, key);
  return { place: filesystemPlace(place), key, tenantId, backupId };
}

async function* partsOf({ url, schema }: Asked, stop: AbortSignal): AsyncIterable<BackupPart> {
  const of = { source: 'database', resourceId: randomUUID() };
  for await (const part of snapshotTables(storesAt(url), databaseIn(url), schema, stop)) yield { ...of, ...part };
}

const databaseIn = (url: string): string => new URL(url).pathname.slice(1);
function storesAt(url: string): StoreConnections {
  const known = connections.get(url) ?? new StoreConnections(url);
  connections.set(url, known);
  return known;
}

async function restore(asked: Asked): Promise<number> {
  const backup = await openBackup(targetOf(asked), { keys });
  const migrations = await readTenantMigrations(asked.migrationsDir);
  const { client, leave, drop } = await storesAt(asked.url).session(databaseIn(asked.url));
  try {
    await client.query('begin');
    const target = { name: asked.schema, tag: 'bench', readerRole: null, migrations, schemas };
    const from = { open: (part: (typeof backup.parts)[number]) => readPart(backup, part), signal };
    const { bytes } = await restoreSchema(client, target, heldSchemaOf(backup.parts, migrations), from);
    await client.query('commit');
    leave();
    return bytes;
  } finally {
    drop();
  }
}

const acts: Record<Asked['act'], (asked: Asked) => Promise<{ bytes: number; storedBytes: number }>> = {
  async snapshot(asked) {
    const options = { signer, signal };
    const head = { installationId: randomUUID() };
    const { manifest, storedBytes } = await writeBackup(targetOf(asked), head, (stop) => partsOf(asked, stop), options);
    return { bytes: manifest.sources[0]!.bytes, storedBytes };
  },
  async verify(asked) {
    const { bytes } = await verifyBackup(targetOf(asked), { keys, signal });
    return { bytes, storedBytes: 0 };
  },
  restore: async (asked) => ({ bytes: await restore(asked), storedBytes: 0 }),
};

process.on('message', (asked: Asked) => {
  void (async () => {
    const baseMb = memoryMb('VmRSS');
    const startedAt = performance.now();
    const { bytes, storedBytes } = await acts[asked.act](asked);
    process.send!({
      ms: performance.now() - startedAt,
      bytes,
      storedBytes,
      baseMb,
      peakMb: memoryMb('VmHWM'),
    } satisfies Answered);
  })().catch((error: unknown) => process.send!({ error: String((error as Error).stack) }));
});
process.on('disconnect', () => process.exit());
