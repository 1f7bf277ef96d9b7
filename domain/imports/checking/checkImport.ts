import { v7 as newId } from 'uuid';
import { importMostLines, type ImportProblem } from '#contracts/imports/imports.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Registry, Sql } from '../../database.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { beginPlatformRun } from '../../runs/platformRun.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import { json, rows } from '../../sql.ts';
import { defaultRegion } from '../../tenants/registerTenant.ts';
import { lockImport, sealLine, unsealChunk, type ImportRow } from '../importRow.ts';
import { importOfRun } from '../importOfRun.ts';
import { decodeText } from '../reading/decodeText.ts';
import { FileProblem } from '../reading/fileProblem.ts';
import { HeaderProblem, readCsv } from '../reading/readCsv.ts';
import { readJson } from '../reading/readJson.ts';
import type { FileRecord } from '../reading/record.ts';
import { checkRecord, type Checked, type Known } from './checkRecord.ts';
import { settleCheck } from './settleCheck.ts';

const batchLines = 500;

interface CheckedLine extends Checked {
  number: number;
  line: number;
}

/**
 * Reads the whole file of an import and writes down each of its lines, right or wrong; nothing is made of any before all were looked at.
 * An attempt begins anew, whatever an earlier one wrote, and an earlier one that still runs writes nothing more. Memory is bounded: one
 * chunk, and one batch of lines.
 */
export async function checkImport(
  { registry, keyring, ledger }: { registry: Registry; keyring: Keyring; ledger: Ledger },
  ref: PlatformRef,
): Promise<void> {
  const begun = await beginCheck(ledger, ref);
  if (!begun) return;
  const { file, token } = begun;
  const known = await knownTo(registry.em.fork());
  const problems: ImportProblem[] = [];
  let batch: CheckedLine[] = [];
  let seen = 0;
  const write = async () => {
    await writeLines(registry.em.fork(), keyring, ref, file.id, token, batch);
    batch = [];
  };
  try {
    const text = decodeText(chunksOf(registry, keyring, file.id));
    const { mapping } = file.options;
    const records = file.format === 'csv' ? readCsv(text, mapping) : readJson(text, mapping);
    for await (const record of records) {
      seen += 1;
      if (seen > importMostLines)
        throw new FileProblem(
          'lines_too_many',
          `It has more than ${importMostLines.toLocaleString('en-GB')} tenants. Split it.`,
        );
      batch.push(lineOf(record, known, file));
      if (batch.length === batchLines) await write();
    }
    if (seen === 0) problems.push({ code: 'file_empty', column: null, text: 'There is no tenant in the file.' });
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    problems.push(...(error instanceof HeaderProblem ? error.problems : [error.problem]));
  }
  if (batch.length > 0) await write();
  await settleCheck(ledger, ref, { importId: file.id, token, problems });
}

const lineOf = (record: FileRecord, known: Known, { options }: ImportRow): CheckedLine => ({
  number: record.number,
  line: record.line,
  ...checkRecord(record, known, options),
});

/** Null where the check is over already. */
async function beginCheck(ledger: Ledger, ref: PlatformRef): Promise<{ file: ImportRow; token: string } | null> {
  return ledger.onRun<{ file: ImportRow; token: string } | null>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: null };
    await beginPlatformRun(em, run);
    const file = await lockImport(em, await importOfRun(em, run.id));
    if (file.state !== 'checking') return { changed: true, result: null };
    const token = newId();
    await rows(em)`delete from import_lines where import_id = ${file.id}`;
    await rows(em)`update imports set check_token = ${token}, problems = '[]' where id = ${file.id}`;
    await rows(em)`update run_progress set done = 0, found = 0, total = null where run_id = ${run.id}`;
    return { changed: true, result: { file, token } };
  });
}

async function knownTo(em: Sql): Promise<Known> {
  const plans = await rows<{ name: string }>(em)`select name from plans`;
  const regions = await rows<{ region: string }>(em)`select distinct region from data_stores`;
  return {
    plans: new Set(plans.map(({ name }) => name)),
    regions: new Set([defaultRegion, ...regions.map(({ region }) => region)]),
  };
}

async function* chunksOf(registry: Registry, keyring: Keyring, importId: string): AsyncGenerator<Buffer> {
  for (let number = 0; ; number++) {
    const [chunk] = await rows<{ sealed: Buffer }>(registry.em.fork())`
      select sealed from import_chunks where import_id = ${importId} and number = ${number}`;
    if (!chunk) return;
    yield unsealChunk(keyring, importId, number, chunk.sealed);
  }
}

/** In one statement; refuses (`run_over`) when another attempt has begun meanwhile. */
async function writeLines(
  em: Sql,
  keyring: Keyring,
  { runId }: PlatformRef,
  importId: string,
  token: string,
  lines: CheckedLine[],
): Promise<void> {
  const given = lines.map(({ number, line, wanted, slug, externalId, problems }) => ({
    number,
    line,
    state: wanted ? 'valid' : 'invalid',
    slug,
    external_id: externalId,
    plan: wanted?.plan ?? null,
    region: wanted?.region ?? null,
    errors: problems,
  }));
  const sealed = lines.map(({ number, wanted, name }) => sealLine(keyring, importId, number, wanted ?? { name }));
  const invalid = lines.filter(({ wanted }) => !wanted).length;
  await em.transactional(async (tx) => {
    const ours = await rows(tx)`
      select 1 from imports where id = ${importId} and check_token = ${token} and state = 'checking' for update`;
    if (ours.length === 0) throw new DomainError('run_over', 'Another attempt reads this file.');
    await rows(tx)`
      insert into import_lines (import_id, number, line, state, slug, external_id, plan, region, errors, sealed)
      select ${importId}::uuid, l.number, l.line, l.state, l.slug, l.external_id, l.plan, l.region, l.errors, s.sealed
      from jsonb_to_recordset(${json(given)}::jsonb) as l
        (number integer, line integer, state text, slug text, external_id text, plan text, region text, errors jsonb)
      join unnest(${lines.map(({ number }) => number)}::integer[], ${sealed}::bytea[]) as s (number, sealed)
        on s.number = l.number`;
    await rows(tx)`
      update run_progress set done = done + ${lines.length}::int, found = found + ${invalid}::int, updated_at = now() where run_id = ${runId}`;
  });
}
