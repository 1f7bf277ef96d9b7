import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { EvidenceBundle, EvidenceFile, NewEvidence } from '#contracts/backups/evidence.ts';
import { DomainError } from '#contracts/errors.ts';
import { isWithinReach } from '../../access/withinReach.ts';
import type { Reach } from '../../access/grants.ts';
import { canonical } from '../../audit/canonical.ts';
import { listKeys, signerOf } from '../../audit/signingKeys.ts';
import { signStatement, type EvidenceStatement } from '../../audit/statements.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { json, registryTime, rows } from '../../sql.ts';
import { collectEvidence } from './collectEvidence.ts';

const dayMs = 86_400_000;

export const digestOfEvidence = (bundle: EvidenceBundle): Buffer =>
  createHash('sha256').update(canonical(bundle)).digest();

/**
 * Collects what is known of a time, signs it, keeps it and tells of it, in the caller's transaction. Refuses with `invalid_request` (days that are not here yet), `not_found`,
 * `forbidden` (all tenants, by who does not reach all), `evidence_too_large`.
 */
export async function issueEvidence(
  em: Sql,
  installation: Installation,
  { from, to, tenantId = null }: { from: string; to: string; tenantId?: NewEvidence['tenantId'] | null },
  { reach, actor }: { reach: Reach; actor: Actor },
): Promise<EvidenceFile> {
  await refuseOutOfReach(em, tenantId ?? null, reach);
  // All lists are of one moment.
  const at = await registryTime(em);
  if (Date.parse(to) > Date.parse(at))
    throw new DomainError('invalid_request', 'Nothing is known of days that lie ahead.', {
      fields: [{ path: 'to', message: 'must not lie in the future' }],
    });
  const span = { from: `${from}T00:00:00.000Z`, until: new Date(Date.parse(to) + dayMs).toISOString() };
  const id = newId();
  const statement: EvidenceStatement = {
    ...{ v: 1, kind: 'evidence-bundle', installation: installation.id, id, at, from, to, tenant: tenantId ?? null },
    ...(await collectEvidence(em, tenantId ?? null, span)),
  };
  const bundle = signStatement(statement, await signerOf(em, installation)) as EvidenceBundle;
  const digest = digestOfEvidence(bundle);
  await rows(em)`
    insert into evidence_bundles (id, tenant_id, from_day, to_day, issued_at, issued_by, digest, bundle)
    values (${id}, ${tenantId ?? null}, ${from}, ${to}, ${at}, ${actor.userId}, ${digest}, ${json(bundle)}::jsonb)`;
  await appendEvent(
    em,
    {
      ...{ stream: `evidence:${id}`, type: 'evidence.issued', tenantId: tenantId ?? null },
      data: { digest: digest.toString('hex'), from, to },
    },
    actor,
  );
  return fileOf(em, bundle, digest.toString('hex'));
}

async function refuseOutOfReach(em: Sql, tenantId: string | null, reach: Reach): Promise<void> {
  if (tenantId === null) {
    if (reach.everything && reach.within === null) return;
    throw new DomainError('forbidden', 'You may see the backups of some tenants only: name one of them.');
  }
  const [tenant] = await rows<{ plan: string }>(em)`select plan from tenants where id = ${tenantId}`;
  if (!tenant || !isWithinReach(reach, { tenantId, plan: tenant.plan }))
    throw new DomainError('not_found', 'There is no such tenant.');
}

export async function fileOf(em: Sql, bundle: EvidenceBundle, digest: string): Promise<EvidenceFile> {
  const keys = (await listKeys(em)).map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid }));
  return { bundle, keys, digest };
}
