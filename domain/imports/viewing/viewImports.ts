import type { z } from 'zod';
import {
  importLineStates,
  type Import,
  type ImportLineState,
  type ImportListQuery,
  type ImportPage,
} from '#contracts/imports/imports.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import type { ImportRow } from '../importRow.ts';

interface ViewedRow extends ImportRow {
  createdByEmail: string | null;
  runState: RunState | null;
  cancelRequested: boolean;
}

const isoOrNull = (time: string | null): string | null => (time === null ? null : new Date(time).toISOString());

/** Imports by their ids, in the order given. */
async function viewImports(em: Sql, ids: string[]): Promise<Import[]> {
  const found = await rows<ViewedRow>(em)`
    select i.id, i.run_id as "runId", i.state, i.file_name as "fileName", i.format, i.options, i.bytes, i.digest,
      i.line_count as "lineCount", i.problems, i.skips_invalid as "skipsInvalid", i.created_at as "createdAt",
      i.checked_at as "checkedAt", i.started_at as "startedAt", i.finished_at as "finishedAt", i.expires_at as "expiresAt",
      i.cleared_at as "clearedAt", u.email as "createdByEmail", r.state as "runState",
      coalesce(r.cancel_requested_at is not null, false) as "cancelRequested"
    from imports i left join users u on u.id = i.created_by and u.tenant_id is null left join runs r on r.id = i.run_id
    where i.id = any(${ids}::uuid[])`;
  const counts = await countsOf(em, ids);
  const byId = new Map(found.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row ? [viewOf(row, counts.get(id) ?? nothingCounted())] : [];
  });
}

/** Null when there is no such import. */
export const findImport = async (em: Sql, importId: string): Promise<Import | null> =>
  (await viewImports(em, [importId]))[0] ?? null;

/** Imports, newest first. */
export async function listImports(em: Sql, query: z.infer<typeof ImportListQuery>): Promise<ImportPage> {
  const after = query.cursor ? readCursor(query.cursor, 'time') : null;
  const found = await rows<{ id: string; created_at: string }>(em)`
    select id, created_at from imports
    where state <> 'uploading' and (${after === null} or (created_at, id) < (${after?.value ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by created_at desc, id desc limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: await viewImports(
      em,
      shown.map(({ id }) => id),
    ),
    nextCursor:
      last && found.length > query.limit ? writeCursor(new Date(last.created_at).toISOString(), last.id) : null,
  };
}

type Counts = Import['counts'];

const nothingCounted = (): Counts => ({
  ...(Object.fromEntries(importLineStates.map((state) => [state, 0])) as Record<ImportLineState, number>),
  heldInvitations: 0,
});

async function countsOf(em: Sql, ids: string[]): Promise<Map<string, Counts>> {
  const counted = await rows<{ importId: string; state: ImportLineState; count: number }>(em)`
    select import_id as "importId", state, count(*)::integer as count from import_lines
    where import_id = any(${ids}::uuid[]) group by import_id, state`;
  const held = await rows<{ importId: string; count: number }>(em)`
    select l.import_id as "importId", count(*)::integer as count from import_lines l join tenants t on t.id = l.tenant_id
    where l.import_id = any(${ids}::uuid[]) and l.state = 'created' and t.invitation_held and t.state = 'active'
    group by l.import_id`;
  const counts = new Map<string, Counts>();
  const of = (id: string): Counts => {
    const known = counts.get(id) ?? nothingCounted();
    counts.set(id, known);
    return known;
  };
  for (const { importId, state, count } of counted) of(importId)[state] = count;
  for (const { importId, count } of held) of(importId).heldInvitations = count;
  return counts;
}

function viewOf(row: ViewedRow, counts: Counts): Import {
  const { plan, region, mapping, dryRun, startWhenValid, invitations } = row.options;
  const runGoesOn = row.runState !== null && !runIsOver(row.runState);
  const isSettled = row.runState !== null && !runGoesOn && row.clearedAt === null;
  return {
    id: row.id,
    runId: row.runId,
    state: row.state,
    fileName: row.fileName,
    format: row.format,
    bytes: row.bytes === null ? null : Number(row.bytes),
    digest: row.digest?.toString('hex') ?? null,
    plan,
    region,
    mapping,
    dryRun,
    startWhenValid,
    invitations,
    lineCount: row.lineCount,
    counts,
    problems: row.problems,
    createdBy: row.createdByEmail,
    createdAt: new Date(row.createdAt).toISOString(),
    checkedAt: isoOrNull(row.checkedAt),
    startedAt: isoOrNull(row.startedAt),
    finishedAt: isoOrNull(row.finishedAt),
    expiresAt: isoOrNull(row.expiresAt),
    clearedAt: isoOrNull(row.clearedAt),
    may: {
      start: row.state === 'ready' && !row.cancelRequested && counts.valid > 0,
      cancel: runGoesOn && !row.cancelRequested,
      retry: isSettled && row.startedAt !== null && counts.failed + counts.valid + counts.creating > 0,
      invite: isSettled && counts.heldInvitations > 0,
    },
  };
}
