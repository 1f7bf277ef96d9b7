import { cell, unguard } from '../../csvCells.ts';
import { canonical } from '../canonical.ts';
import type { Entry } from '../chain.ts';
import type { ExportRecord } from './records.ts';

const columns = [
  'record', 'chain', 'sequence', 'at', 'type', 'outcome', 'code', 'actor_kind', 'actor_user', 'actor_key', 'actor_support',
  'actor_on_behalf_of', 'target_kind', 'target_id', 'tenant', 'request', 'address', 'user_agent', 'stream', 'version', 'schema',
  'trace', 'id', 'origin_key', 'origin_sealed', 'hash', 'data',
] as const; // prettier-ignore
type Column = (typeof columns)[number];

export const csvHeader = `${columns.join(',')}\r\n`;

/** A record as a row. Entries have a column for each thing they tell; of other records the column `data` holds all as JSON. */
export function csvRow(record: ExportRecord): string {
  const cells: Partial<Record<Column, unknown>> =
    record.record === 'entry' ? cellsOf(record) : { record: record.record, data: canonical(withoutName(record)) };
  return `${columns.map((name) => cell(String(cells[name] ?? ''))).join(',')}\r\n`;
}

const withoutName = ({ record: _record, ...rest }: ExportRecord): object => rest;

function cellsOf({ entry, hash, address, userAgent }: Extract<ExportRecord, { record: 'entry' }>) {
  const { actor, target, origin, data, v: _v, ...plain } = entry;
  return {
    record: 'entry',
    ...plain,
    actor_kind: actor.kind,
    actor_user: actor.user,
    actor_key: actor.key,
    actor_support: actor.support,
    actor_on_behalf_of: actor.onBehalfOf,
    target_kind: target.kind,
    target_id: target.id,
    address,
    user_agent: userAgent,
    origin_key: origin?.key,
    origin_sealed: origin?.sealed,
    hash,
    data: canonical(data),
  };
}

/** The record that a row was made of. Throws when it is none. */
export function recordOfRow(cells: string[], names: readonly string[]): ExportRecord {
  const of = (name: Column): string => unguard(cells[names.indexOf(name)] ?? '');
  const orNull = (name: Column): string | null => of(name) || null;
  const kind = of('record');
  if (kind !== 'entry') return { record: kind, ...(JSON.parse(of('data')) as object) } as ExportRecord;
  const key = orNull('origin_key');
  const entry: Entry = {
    v: 1,
    chain: of('chain'),
    sequence: Number(of('sequence')),
    id: of('id'),
    at: of('at'),
    type: of('type'),
    schema: Number(of('schema')),
    stream: of('stream'),
    version: Number(of('version')),
    tenant: orNull('tenant'),
    outcome: of('outcome'),
    code: orNull('code'),
    actor: {
      kind: of('actor_kind') as Entry['actor']['kind'],
      user: orNull('actor_user'),
      key: orNull('actor_key'),
      support: orNull('actor_support'),
      onBehalfOf: orNull('actor_on_behalf_of'),
    },
    target: { kind: of('target_kind'), id: of('target_id') },
    request: orNull('request'),
    trace: orNull('trace'),
    origin: key === null ? null : { key, sealed: of('origin_sealed') },
    data: JSON.parse(of('data')) as Entry['data'],
  };
  const [address, userAgent] = [orNull('address'), orNull('user_agent')];
  return { record: 'entry', hash: of('hash'), entry, ...(address || userAgent ? { address, userAgent } : {}) };
}

/** The cells of each row (RFC 4180), from text that comes in pieces. */
export async function* csvRows(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  let row: string[] = [];
  let text = '';
  let state: 'plain' | 'quoted' | 'after a quote' = 'plain';
  for await (const piece of pieces)
    for (const letter of piece) {
      if (state === 'quoted') {
        if (letter === '"') state = 'after a quote';
        else text += letter;
      } else if (letter === '"' && (text === '' || state === 'after a quote')) {
        if (state === 'after a quote') text += '"';
        state = 'quoted';
      } else if (letter === ',') {
        row.push(text);
        [text, state] = ['', 'plain'];
      } else if (letter === '\n') {
        row.push(text.replace(/\r$/, ''));
        yield row;
        [row, text, state] = [[], '', 'plain'];
      } else text += letter;
    }
  if (text !== '' || row.length > 0) yield [...row, text];
}
