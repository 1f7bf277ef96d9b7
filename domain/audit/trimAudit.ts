import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { registryTime, rows } from '../sql.ts';
import { holdSealing } from './sealing.ts';
import { signerOf } from './signingKeys.ts';
import { signStatement, type TrimStatement } from './statements.ts';

const chainsAtOnce = 50;

/**
 * Deletes what was sealed before a time, from the beginning of each chain, and leaves the signed word that it did: verification goes on
 * from there. Only whole batches whose head was anchored go. Another time when the sealer is at work; a process that is killed goes on
 * where it was.
 *
 * @param before what was sealed earlier goes
 * @returns how many entries were deleted
 */
export async function trimAudit(
  em: () => Sql,
  installation: Installation,
  before: Date,
  actor: Actor = theSystem,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const round = await em().transactional((tx) => trimSome(tx, installation, before, actor));
    if (round === null) await new Promise((resume) => setTimeout(resume, 50));
    else if (round.chains === 0) return deleted;
    else deleted += round.entries;
  }
}

interface Due {
  chain: string;
  sequence: string;
  hash: Buffer;
}

async function trimSome(
  em: Sql,
  installation: Installation,
  before: Date,
  actor: Actor,
): Promise<{ chains: number; entries: number } | null> {
  if (!(await holdSealing(em))) return null;
  const due = await rows<Due>(em)`
    select distinct on (h.chain) h.chain, h.sequence::text, h.hash from audit_heads h left join audit_trims t on t.chain = h.chain
    where h.sealed_at < ${before.toISOString()}::timestamptz and h.anchored_at is not null and h.sequence > coalesce(t.sequence, 0)
    order by h.chain, h.sequence desc limit ${chainsAtOnce}`;
  if (due.length === 0) return { chains: 0, entries: 0 };
  const signer = await signerOf(em, installation);
  const at = await registryTime(em);
  let entries = 0;
  for (const { chain, sequence, hash } of due) {
    const statement: TrimStatement = {
      v: 1,
      kind: 'trim',
      installation: installation.id,
      chain,
      sequence: Number(sequence),
      hash: hash.toString('hex'),
      at,
    };
    const signature = Buffer.from(signStatement(statement, signer).signature, 'base64url');
    await rows(em)`
      insert into audit_trims (chain, sequence, hash, kid, signature, trimmed_at)
      values (${chain}, ${sequence}::bigint, ${hash}, ${signer.kid}, ${signature}, ${at}::timestamptz)
      on conflict (chain) do update set sequence = excluded.sequence, hash = excluded.hash, kid = excluded.kid,
        signature = excluded.signature, trimmed_at = excluded.trimmed_at, anchored_at = null`;
    await rows(em)`delete from audit_heads where chain = ${chain} and sequence <= ${sequence}::bigint`;
    const gone = await rows<{ count: number }>(em)`
      with gone as (
        delete from events where coalesce(tenant_id, '00000000-0000-0000-0000-000000000000') =
          (case when ${chain} = 'platform' then '00000000-0000-0000-0000-000000000000' else ${chain} end)::uuid
          and sequence <= ${sequence}::bigint returning 1
      ) select count(*)::int as count from gone`;
    entries += gone[0]?.count ?? 0;
  }
  const data = { before: before.toISOString(), chains: due.length, entries };
  await appendEvent(em, { stream: 'audit:retention', type: 'audit.trimmed', tenantId: null, data }, actor);
  return { chains: due.length, entries };
}
