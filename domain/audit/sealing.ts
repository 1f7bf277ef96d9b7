import type { Sql } from '../database.ts';
import type { Installation } from '../installation.ts';
import { registryTime, rows } from '../sql.ts';
import { beginningOf, hashOfEntry, type Link } from './chain.ts';
import { chainOf, entryOf, eventColumns, type EventRow } from './eventRows.ts';
import { signerOf } from './signingKeys.ts';
import { signStatement, type HeadStatement } from './statements.ts';

export const batchSize = 1_000;

export interface SealedRound {
  /** How many events were sealed. */
  entries: number;
  /** How many chains grew. */
  chains: number;
}

/** One sealer at a time; the transaction's end gives the lock back, however it ends. */
export async function holdSealing(em: Sql): Promise<boolean> {
  const [lock] = await rows<{ ours: boolean }>(em)`
    select pg_try_advisory_xact_lock(hashtextextended('tenantry audit', 0)) as ours`;
  return lock?.ours === true;
}

/**
 * Puts the events that are in no chain yet into theirs, and signs the heads: all in one transaction, so that a process that dies in it
 * leaves nothing. Whatever order events commit in, none is passed over: they are found by not being sealed.
 *
 * @returns null when another process is at it
 */
export async function sealRound(em: Sql, installation: Installation, limit = batchSize): Promise<SealedRound | null> {
  return em.transactional(async (tx) => {
    if (!(await holdSealing(tx))) return null;
    const open = await rows<EventRow>(tx)`
      select ${eventColumns} from events e where e.sequence is null order by e.id limit ${limit}`;
    if (open.length === 0) return { entries: 0, chains: 0 };
    const tips = await tipsOf(tx, installation.id, [...new Set(open.map(chainOf))]);
    const sealed = open.map((row) => {
      const chain = chainOf(row);
      const tip = tips.get(chain)!;
      const sequence = tip.sequence + 1;
      const link = { sequence, hash: hashOfEntry(tip.hash, entryOf(row, sequence)) };
      tips.set(chain, link);
      return { id: row.id, ...link };
    });
    await rows(tx)`
      update events e set sequence = s.sequence, hash = s.hash
      from unnest(${sealed.map(({ id }) => id)}::bigint[], ${sealed.map(({ sequence }) => sequence)}::bigint[],
                  ${sealed.map(({ hash }) => hash)}::bytea[]) as s (id, sequence, hash)
      where e.id = s.id`;
    await writeHeads(tx, installation, tips);
    return { entries: sealed.length, chains: tips.size };
  });
}

async function tipsOf(em: Sql, installation: string, chains: string[]): Promise<Map<string, Link>> {
  const known = await rows<{ chain: string; sequence: string; hash: Buffer }>(em)`
    select chain, sequence::text, hash from audit_chains where chain = any(${chains})`;
  const tips = new Map(chains.map((chain) => [chain, beginningOf(installation, chain)]));
  for (const { chain, sequence, hash } of known) tips.set(chain, { sequence: Number(sequence), hash });
  return tips;
}

async function writeHeads(em: Sql, installation: Installation, tips: ReadonlyMap<string, Link>): Promise<void> {
  const signer = await signerOf(em, installation);
  const at = await registryTime(em);
  const heads = [...tips].map(([chain, { sequence, hash }]) => {
    const statement: HeadStatement = {
      v: 1,
      kind: 'head',
      installation: installation.id,
      chain,
      sequence,
      hash: hash.toString('hex'),
      at,
    };
    const signature = Buffer.from(signStatement(statement, signer).signature, 'base64url');
    return { chain, sequence, hash, signature };
  });
  const column = <Name extends keyof (typeof heads)[number]>(name: Name) => heads.map((head) => head[name]);
  await rows(em)`
    with heads as (
      select * from unnest(${column('chain')}::text[], ${column('sequence')}::bigint[], ${column('hash')}::bytea[],
                           ${column('signature')}::bytea[]) as h (chain, sequence, hash, signature)
    ), written as (
      insert into audit_heads (chain, sequence, hash, kid, signature, sealed_at)
      select chain, sequence, hash, ${signer.kid}, signature, ${at}::timestamptz from heads
    )
    insert into audit_chains (chain, sequence, hash) select chain, sequence, hash from heads
    on conflict (chain) do update set sequence = excluded.sequence, hash = excluded.hash`;
}

/** For those who cannot wait for the worker: seals all there is. */
export async function sealAll(em: () => Sql, installation: Installation): Promise<number> {
  let entries = 0;
  for (;;) {
    const round = await sealRound(em(), installation);
    if (!round) await new Promise((resume) => setTimeout(resume, 20));
    else if (round.entries === 0) return entries;
    else entries += round.entries;
  }
}
