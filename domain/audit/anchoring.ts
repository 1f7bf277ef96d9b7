import type { Sql } from '../database.ts';
import type { Installation } from '../installation.ts';
import { registryTime, rows } from '../sql.ts';
import { digestOfLine, type AnchorPlace } from './anchors/anchorPlace.ts';
import { holdSealing } from './sealing.ts';
import { signerOf } from './signingKeys.ts';
import { signStatement, type AnchorStatement } from './statements.ts';

interface Row {
  chain: string;
  sequence: string;
  hash: Buffer;
}

/**
 * Writes the heads that changed down outside the database, as one line that is linked to the former one. A process that dies between
 * the line and the note that it was written anchors the same heads once more, which harms nothing.
 *
 * @returns how many heads were anchored; null when another process is at it
 */
export async function anchorHeads(em: Sql, installation: Installation, place: AnchorPlace): Promise<number | null> {
  return em.transactional(async (tx) => {
    if (!(await holdSealing(tx))) return null;
    const heads = await rows<Row>(tx)`
      select distinct on (chain) chain, sequence::text, hash from audit_heads where anchored_at is null
      order by chain, sequence desc`;
    const trims = await rows<Row>(tx)`select chain, sequence::text, hash from audit_trims where anchored_at is null`;
    if (heads.length === 0 && trims.length === 0) return 0;
    const newest = await place.newest();
    const statement: AnchorStatement = {
      v: 1,
      kind: 'anchor',
      installation: installation.id,
      number: (newest?.anchor?.number ?? 0) + 1,
      at: await registryTime(tx),
      previous: newest && digestOfLine(newest.text),
      heads: heads.map(linkOf),
      ...(trims.length > 0 ? { trims: trims.map(linkOf) } : {}),
    };
    await place.append(signStatement(statement, await signerOf(tx, installation)));
    await rows(tx)`
      update audit_heads h set anchored_at = now()
      from unnest(${heads.map(({ chain }) => chain)}::text[], ${heads.map(({ sequence }) => sequence)}::bigint[]) as a (chain, sequence)
      where h.chain = a.chain and h.sequence <= a.sequence and h.anchored_at is null`;
    await rows(tx)`update audit_trims set anchored_at = now() where chain = any(${trims.map(({ chain }) => chain)})`;
    return heads.length;
  });
}

const linkOf = ({ chain, sequence, hash }: Row) => ({
  chain,
  sequence: Number(sequence),
  hash: hash.toString('hex'),
});
