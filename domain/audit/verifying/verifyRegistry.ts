import { createPublicKey } from 'node:crypto';
import { IsolationLevel } from '@mikro-orm/core';
import type { Registry, Sql } from '../../database.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import type { AnchorPlace } from '../anchors/anchorPlace.ts';
import { beginningOf, platformChain, type Link } from '../chain.ts';
import { entriesOfChain, entryOf } from '../eventRows.ts';
import { openPrivateKey } from '../signingKeys.ts';
import { KeyBook, publicKeyOf, statementOfRow, type StatementRow } from '../statements.ts';
import { AnchorBook } from './anchorBook.ts';
import { ChainCheck } from './chainCheck.ts';
import { finding, type Finding } from './findings.ts';

const pageSize = 1_000;
const mostFindings = 500;
const overdueSeconds = 60;

export interface Verified {
  entries: number;
  chains: number;
  anchors: number;
  findings: Finding[];
  notes: string[];
}

/**
 * Compares every chain in the registry with its hashes, its signed heads and the anchors outside. Anchors are read first: what they
 * know has to be in the registry, which may know more by then.
 */
export async function verifyRegistry(
  registry: Registry,
  installation: Installation,
  place: AnchorPlace,
  signal?: AbortSignal,
): Promise<Verified> {
  const keys = await ownKeys(registry.em.fork(), installation);
  const book = await AnchorBook.read(place, installation.id, keys);
  const findings = [...book.findings];
  const notes = [...book.notes];
  const tips = new Map<string, number>();
  let entries = 0;
  const chains = await chainsOf(registry.em.fork(), book);
  for (const chain of chains) {
    signal?.throwIfAborted();
    const checked = await registry.em
      .fork()
      .transactional((em) => checkChain(em, { chain, installation: installation.id, keys, book }), {
        isolationLevel: IsolationLevel.REPEATABLE_READ,
        readOnly: true,
      });
    entries += checked.entries;
    tips.set(chain, checked.tip);
    findings.push(...checked.findings);
  }
  const [open] = await rows<{ count: number }>(registry.em.fork())`
    select count(*)::int as count from events
    where sequence is null and created_at < now() - make_interval(secs => ${overdueSeconds}::int)`;
  if (open?.count) notes.push(`${open.count} events have waited longer than a minute for being sealed`);
  if (book.lines === 0) notes.push('there are no anchors: a cut tail would not be seen');
  return {
    entries,
    chains: chains.length,
    anchors: book.lines,
    findings: book.nameRestored(findings, tips).slice(0, mostFindings),
    notes,
  };
}

/** Only keys whose private half this installation can open are its own: whoever writes into the registry cannot make one. */
async function ownKeys(em: Sql, { keyring }: Installation): Promise<KeyBook> {
  const kept = await rows<{ kid: string; public_key: Buffer; sealed_private: Buffer }>(em)`select * from audit_keys`;
  const own = kept.filter((row) => {
    try {
      const { x } = createPublicKey(openPrivateKey(keyring, row)).export({ format: 'jwk' });
      return x === row.public_key.toString('base64url');
    } catch {
      return false;
    }
  });
  return new KeyBook(own.map(({ public_key }) => publicKeyOf(public_key)));
}

async function chainsOf(em: Sql, book: AnchorBook): Promise<string[]> {
  const kept = await rows<{ chain: string }>(em)`
    select chain from audit_chains union select chain from audit_heads
    union select coalesce(tenant_id::text, ${platformChain}) from events where sequence is not null`;
  return [...new Set([...kept.map(({ chain }) => chain), ...book.chains])].toSorted();
}

interface Place {
  chain: string;
  installation: string;
  keys: KeyBook;
  book: AnchorBook;
}

async function checkChain(
  em: Sql,
  { chain, installation, keys, book }: Place,
): Promise<{ entries: number; tip: number; findings: Finding[] }> {
  const { from, findings } = await startOf(em, { chain, installation, keys, book });
  const check = new ChainCheck(chain, from);
  for (const witness of book.witnessesOf(chain)) check.expect(witness);
  for (const witness of await tipOf(em, chain)) check.expect(witness);
  let after = { sequence: from.sequence, id: '0' };
  let headsUpTo = from.sequence;
  for (;;) {
    const page = await entriesOfChain(em, chain, { after: after.sequence, afterId: after.id, limit: pageSize });
    const last = page.at(-1);
    const upTo = page.length < pageSize ? Number.MAX_SAFE_INTEGER : Number(last?.sequence);
    for (const head of await headsOf(em, { chain, installation, from: headsUpTo, upTo })) {
      if (keys.vouchesFor(head)) check.expect({ sequence: head.sequence, hash: Buffer.from(head.hash, 'hex') });
      else findings.push(finding('signature', chain, head.sequence));
    }
    headsUpTo = upTo;
    for (const row of page)
      check.take({ entry: entryOf(row, Number(row.sequence)), hash: row.hash ?? Buffer.alloc(0) });
    if (!last || page.length < pageSize) break;
    after = { sequence: Number(last.sequence), id: last.id };
  }
  return { entries: check.entries, tip: check.tip.sequence, findings: [...findings, ...check.end()] };
}

/** The chain's beginning, or where it was trimmed to. */
async function startOf(em: Sql, { chain, installation, keys }: Place): Promise<{ from: Link; findings: Finding[] }> {
  const [trim] = await rows<StatementRow>(em)`
    select sequence::text, hash, kid, signature, trimmed_at as at from audit_trims where chain = ${chain}`;
  if (!trim) return { from: beginningOf(installation, chain), findings: [] };
  const statement = statementOfRow('trim', installation, chain, trim);
  return keys.vouchesFor(statement)
    ? { from: { sequence: Number(trim.sequence), hash: trim.hash }, findings: [] }
    : { from: beginningOf(installation, chain), findings: [finding('signature', chain, statement.sequence)] };
}

/** Where the sealer would go on: no proof, but whoever forgot it left a trace. */
async function tipOf(em: Sql, chain: string): Promise<Link[]> {
  const tips = await rows<{ sequence: string; hash: Buffer }>(em)`
    select sequence::text, hash from audit_chains where chain = ${chain}`;
  return tips.map(({ sequence, hash }) => ({ sequence: Number(sequence), hash }));
}

async function headsOf(
  em: Sql,
  { chain, installation, from, upTo }: { chain: string; installation: string; from: number; upTo: number },
) {
  const heads = await rows<StatementRow>(em)`
    select sequence::text, hash, kid, signature, sealed_at as at from audit_heads
    where chain = ${chain} and sequence > ${from} and sequence <= ${upTo} order by audit_heads.sequence`;
  return heads.map((head) => statementOfRow('head', installation, chain, head));
}
