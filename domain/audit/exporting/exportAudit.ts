import { createHash } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { Registry, Sql } from '../../database.ts';
import { openOrigin } from '../../events/origin.ts';
import type { Installation } from '../../installation.ts';
import { registryTime, rows } from '../../sql.ts';
import { canonical } from '../canonical.ts';
import { platformChain } from '../chain.ts';
import { entryOf, entriesOfChain } from '../eventRows.ts';
import { listKeys, signerOf } from '../signingKeys.ts';
import { signStatement, statementOfRow, type ExportStatement, type StatementRow } from '../statements.ts';
import type { ExportRecord } from './records.ts';

const pageSize = 500;

export interface ExportWish {
  /** Only these chains; null for all. */
  chains: string[] | null;
  /** Batches that were sealed in this time: an export is made of whole ones, as each ends with a signed head. */
  from: string | null;
  to: string | null;
  /** Whether addresses and user agents are told in clear beside the sealed ones. */
  clearOrigins: boolean;
}

interface Range {
  chain: string;
  after: ExportRecord & { record: 'chain' };
  first: number;
  last: number;
}

/**
 * The chains as they are at this moment, record by record, in bounded memory. Sealed entries never change, so knowing where each chain
 * ends makes a consistent whole without a long transaction. Fails (`dependency_down`) when retention deletes what is being read.
 */
export async function* exportAudit(
  registry: Registry,
  installation: Installation,
  { chains, from, to, clearOrigins }: ExportWish,
): AsyncGenerator<ExportRecord> {
  const em = () => registry.em.fork();
  const at = await registryTime(em()); // before it is known where chains end: what was anchored by then is in them
  const digest = createHash('sha256');
  let entries = 0;
  const tell = <One extends ExportRecord>(record: One): One => {
    digest.update(`${canonical(record)}\n`);
    return record;
  };
  const ends = await endsOf(em(), chains, to);
  yield tell({ record: 'export', v: 1, installation: installation.id, at, whole: chains === null, from, to });
  for (const key of await listKeys(em())) yield tell({ record: 'key', ...key });
  let told = 0;
  for (const end of ends) {
    const range = await rangeOf(em(), installation.id, end, from);
    // A chain of which retention left nothing is told all the same: it is not missing.
    if (range.last < range.first || (range.last === range.first && from !== null)) continue;
    told += 1;
    yield tell(range.after);
    for (let after = range.first; after < range.last;) {
      const page = await entriesOfChain(em(), range.chain, { after, upTo: range.last, limit: pageSize });
      const last = Number(page.at(-1)?.sequence ?? 0);
      if (page.length === 0 || Number(page[0]?.sequence) !== after + 1)
        throw new DomainError('dependency_down', 'The oldest entries were deleted while they were exported.');
      const heads = await rows<StatementRow>(em())`
        select sequence::text, hash, kid, signature, sealed_at as at from audit_heads
        where chain = ${range.chain} and sequence > ${after} and sequence <= ${last} order by audit_heads.sequence`;
      for (const head of heads) {
        const statement = statementOfRow('head', installation.id, range.chain, head);
        yield tell({ record: 'head', ...statement } as ExportRecord);
      }
      for (const row of page) {
        const origin = clearOrigins && row.origin ? openOrigin(installation.keyring, row.origin) : null;
        yield tell({
          record: 'entry',
          hash: row.hash?.toString('hex') ?? '',
          entry: entryOf(row, Number(row.sequence)),
          ...origin,
        });
        entries += 1;
      }
      after = last;
    }
  }
  const statement: ExportStatement = {
    v: 1,
    kind: 'export',
    installation: installation.id,
    at,
    chains: told,
    entries,
    digest: digest.digest('hex'),
  };
  yield { record: 'end', ...signStatement(statement, await signerOf(em(), installation)) };
}

/** Where each chain ends at this moment, or ended at a time. */
async function endsOf(em: Sql, chains: string[] | null, to: string | null): Promise<{ chain: string; last: number }[]> {
  const ends = await rows<{ chain: string; last: string | null }>(em)`
    select c.chain, case when ${to}::timestamptz is null then c.sequence
      else coalesce((select min(sequence) from audit_heads h where h.chain = c.chain and h.sealed_at >= ${to}::timestamptz), c.sequence)
      end::text as last
    from audit_chains c where ${chains}::text[] is null or c.chain = any(${chains}::text[])
    order by c.chain <> ${platformChain}, c.chain`;
  return ends.map(({ chain, last }) => ({ chain, last: Number(last) }));
}

async function rangeOf(
  em: Sql,
  installation: string,
  { chain, last }: { chain: string; last: number },
  from: string | null,
): Promise<Range> {
  const [trim] = await rows<StatementRow>(em)`
    select sequence::text, hash, kid, signature, trimmed_at as at from audit_trims where chain = ${chain}`;
  const [head] =
    from === null
      ? []
      : await rows<StatementRow>(em)`
          select sequence::text, hash, kid, signature, sealed_at as at from audit_heads
          where chain = ${chain} and sealed_at < ${from}::timestamptz order by audit_heads.sequence desc limit 1`;
  const isTrimmedLater = trim && Number(trim.sequence) >= Number(head?.sequence ?? 0);
  const after = isTrimmedLater
    ? statementOfRow('trim', installation, chain, trim)
    : head
      ? statementOfRow('head', installation, chain, head)
      : null;
  return { chain, after: { record: 'chain', chain, after }, first: after?.sequence ?? 0, last };
}
