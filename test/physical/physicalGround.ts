import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { KeyBook, publicKeyOf } from '#domain/audit/statements.ts';
import { filesystemPlace } from '#domain/places/filesystemPlace.ts';
import { postgresBinaries, serverUser } from '#local/postgres/binaries.ts';
import { scratchOf, spoolOf } from '#local/postgres/spool.ts';
import { freePorts } from '#local/ports.ts';
import { removePostgresData, startPostgres, type RunningPostgres } from '#local/postgres.ts';
import { lowlevelBackup, type LowlevelOptions } from '#providers/physical/lowlevel/lowlevelBackup.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';

export const never = new AbortController().signal;

/** A server that puts its log aside, and a place for its backups. */
export interface PhysicalGround {
  folder: string;
  home: string;
  placeDir: string;
  server: RunningPostgres;
  options: LowlevelOptions;
  backup: PhysicalBackup;
  ask<Row extends pg.QueryResultRow>(text: string, url?: string): Promise<Row[]>;
  /** A moment behind everything that was committed before, by the server's clock; it has passed when it is given. */
  now(): Promise<Date>;
  stop(): Promise<void>;
}

export async function physicalGround(): Promise<PhysicalGround> {
  const folder = await mkdtemp(join(tmpdir(), 'physical ground '));
  await chmod(folder, 0o711);
  const [port] = await freePorts(1);
  const server = await startPostgres({
    ...{ dataDir: folder, durable: false, archives: true },
    choosePort: () => Promise.resolve(port!),
  });
  const home = await realpath(join(folder, 'postgres'));
  const user = await serverUser();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKeyOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const placeDir = join(folder, 'place');
  const options: LowlevelOptions = {
    ...{ adminUrl: server.adminUrl, spoolDir: spoolOf(home), scratchDir: scratchOf(home) },
    ...{ bin: await postgresBinaries(user), user, place: filesystemPlace(placeDir), masterKey: randomBytes(32) },
    ...{ installationId: newId(), archiveMs: 30_000 },
    signer: () => Promise.resolve({ kid: key.kid, privateKey }),
    keys: () => Promise.resolve(new KeyBook([key])),
  };
  const ask = async <Row extends pg.QueryResultRow>(text: string, url = server.adminUrl): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    ...{ folder, home, placeDir, server, options, ask },
    backup: lowlevelBackup(options),
    async now() {
      const [moment] = await ask<{ now: Date }>(`select clock_timestamp() + interval '1 ms' as now`);
      await ask('select pg_sleep(0.01)');
      return moment!.now;
    },
    async stop() {
      await server.stop();
      await removePostgresData(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
