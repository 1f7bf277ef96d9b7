import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import type { DomainError } from '#contracts/errors.ts';
import { pgbackrestBackup } from '#providers/physical/pgbackrest/pgbackrestBackup.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';
import { pgbackrestGround, type PgbackrestGround } from '#test/physical/pgbackrestGround.ts';

const run = promisify(execFile);
const { signal } = new AbortController();

export interface World extends PgbackrestGround {
  backup: PhysicalBackup;
  base: string;
  /** Behind the first, second and third row. */
  moments: Date[];
  ask<Row extends pg.QueryResultRow>(text: string, url?: string): Promise<Row[]>;
  now(): Promise<Date>;
  rowsAt(at: Date, backup?: PhysicalBackup): Promise<number[]>;
}

export async function openWorld(place: string): Promise<World> {
  const ground = await pgbackrestGround(place);
  const ask = async <Row extends pg.QueryResultRow>(
    text: string,
    url = ground.server.url('postgres'),
  ): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const now = async (): Promise<Date> => {
    const [moment] = await ask<{ now: Date }>(`select clock_timestamp() + interval '1 ms' as now`);
    await delay(50);
    return moment!.now;
  };
  const backup = pgbackrestBackup(ground.options);
  const rowsAt = async (at: Date, by = backup): Promise<number[]> => {
    const id = newId();
    const server = await by.restore(id, at, { signal });
    try {
      const found = await ask<{ id: number }>('select id from notes order by id', server.adminUrl);
      return found.map((row) => row.id);
    } finally {
      await by.tearDown(id);
    }
  };
  await ask('create table notes (id int primary key)');
  const base = newId();
  const made = await backup.backUp(base, { signal });
  assert.ok(made.files > 500 && made.bytes > made.storedBytes && made.id === base, JSON.stringify(made));
  await delay(Math.max(0, made.stoppedAt.getTime() - Date.now()) + 50);
  const moments: Date[] = [];
  for (let id = 1; id <= 3; id++) {
    await ask(`insert into notes values (${id})`);
    moments.push(await now());
  }
  await ask('delete from notes');
  return { ...ground, backup, base, moments, ask, now, rowsAt };
}

export const refused = (work: Promise<unknown>, code: string, says = /./) =>
  assert.rejects(work, (error: DomainError) => {
    assert.equal(error.code, code, String(error.stack));
    assert.match(error.message, says);
    return true;
  });

/** What pgBackRest does for scratch servers, by the command lines of its processes. */
export async function atWork({ options }: Pick<World, 'options'>, id = ''): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'stat=,args=']);
  const here = join(options.scratchDir, id);
  return stdout.split('\n').filter((line) => /^[^Z]\S*\s+\S*pgbackrest /.test(line) && line.includes(here));
}

export const filesBelow = async (folder: string, matching: RegExp): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => matching.test(path))
    .toSorted();

export const segmentsOf = ({ repository }: World) =>
  filesBelow(join(repository, 'archive'), /\/[0-9A-F]{24}-[0-9a-f]{40}/);

/** Changes a file of the repository for as long as something is tried. */
export async function changed(
  path: string,
  change: () => Promise<unknown>,
  work: () => Promise<unknown>,
): Promise<void> {
  const bytes = await readFile(path);
  await change();
  try {
    await work();
  } finally {
    await writeFile(path, bytes);
  }
}

export const flip = async (path: string): Promise<void> => {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
};
