import { createHash } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { CertificateFile, ErasureCertificate, KeptByLock } from '#contracts/offboarding/certificate.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import { canonical } from '../audit/canonical.ts';
import { listKeys, signerOf } from '../audit/signingKeys.ts';
import { signStatement, type CertificateStatement } from '../audit/statements.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { isoOf } from '../isoOf.ts';
import { refuseUnknownTenant } from '../offboarding/offboardingRow.ts';
import { lockRun } from '../runs/ledger.ts';
import { json, registryTime, rows } from '../sql.ts';
import { originOf } from '../backups/arriving/origins.ts';
import { appendErasure, type ErasureLedger } from './erasureLedger.ts';
import { comparedCounts, type Counts } from './registryStores.ts';
import { erasedTenantOf } from './shredding.ts';

export const digestOfCertificate = (certificate: ErasureCertificate): Buffer =>
  createHash('sha256').update(canonical(certificate)).digest();

interface ErasureRow {
  tenant_id: string;
  run_id: string;
  cause: 'offboarding' | 'removal';
  requested_at: string;
  erased_at: string;
  key_destroyed_at: string;
  counts_before: Counts;
  counts_after: Counts;
  stays: KeptByLock[];
  certificate: ErasureCertificate | null;
  certified_at: string | null;
}

/**
 * Signs what was erased, writes the line into the ledger, and only then shows the certificate: signed once, so that an attempt that died in between
 * goes on with the same text.
 */
export async function issueCertificate(
  em: Sql,
  installation: Installation,
  ledger: ErasureLedger,
  ref: PlatformRef,
): Promise<void> {
  const certificate = await em.transactional((tx) => signedCertificate(tx, installation, ref));
  await em.transactional(async (tx) => {
    const run = await lockRun(tx, ref.runId);
    const digest = digestOfCertificate(certificate);
    const origin = await originOf(tx, certificate.tenant);
    const number = await appendErasure(tx, installation, ledger, {
      tenant: certificate.tenant,
      certificate: digest.toString('hex'),
      ...(origin ? { origin } : {}),
    });
    const shown = await rows(tx)`
      update erasures set ledger_number = ${number}, certificate_digest = ${digest}, certified_at = clock_timestamp()
      where tenant_id = ${certificate.tenant} and certified_at is null returning 1`;
    if (shown.length === 0) return;
    await rows(tx)`select 1 from tenants where id = ${certificate.tenant} for update`;
    await appendEvent(
      tx,
      {
        stream: `tenant:${certificate.tenant}`,
        type: 'erasure.certified',
        tenantId: certificate.tenant,
        data: { digest: digest.toString('hex'), line: number },
      },
      run.actor,
    );
  });
}

async function signedCertificate(em: Sql, installation: Installation, ref: PlatformRef): Promise<ErasureCertificate> {
  const tenantId = await erasedTenantOf(em, ref);
  const [row] = await rows<ErasureRow>(em)`
    select e.*, r.created_at as requested_at from erasures e join runs r on r.id = e.run_id
    where e.tenant_id = ${tenantId} for update of e`;
  if (!row?.erased_at || !row.key_destroyed_at) throw new Error(`the erasure of ${tenantId} is not complete`);
  if (row.certificate) return row.certificate;
  const [key] = await rows<{ count: number }>(em)`
    select count(*)::int as count from tenant_keys where tenant_id = ${tenantId} and wrapped is not null`;
  const after = { ...row.counts_after, key: { keys: key?.count ?? 0 } };
  const statement: CertificateStatement = {
    v: 1,
    kind: 'erasure-certificate',
    installation: installation.id,
    tenant: tenantId,
    cause: row.cause,
    run: row.run_id,
    requestedAt: isoOf(row.requested_at),
    erasedAt: isoOf(row.erased_at),
    keyDestroyedAt: isoOf(row.key_destroyed_at),
    at: await registryTime(em),
    counts: comparedCounts(row.counts_before, after),
    export: await handedOver(em, row.run_id),
    ...(row.stays.length > 0 ? { stays: row.stays } : {}),
  };
  const certificate = signStatement(statement, await signerOf(em, installation)) as ErasureCertificate;
  await rows(em)`update erasures set certificate = ${json(certificate)}::jsonb where tenant_id = ${tenantId}`;
  return certificate;
}

async function handedOver(em: Sql, runId: string): Promise<CertificateStatement['export']> {
  const [found] = await rows<{ manifest: string; files: number; rows: string; bytes: string; downloads: number }>(em)`
    select encode(e.manifest_digest, 'hex') as manifest, e.files, e.rows::text, e.bytes::text, (
      select count(*)::int from export_downloads d join export_links l on l.id = d.link_id
      where l.export_id = e.id and d.finished_at is not null) as downloads
    from tenant_exports e where e.run_id = ${runId} and e.verified_at is not null order by e.created_at desc limit 1`;
  return found ? { ...found, rows: Number(found.rows), bytes: Number(found.bytes) } : null;
}

/** With the keys that verify it. Refuses with `not_found`, `certificate_not_ready`. */
export async function readCertificate(em: Sql, tenantId: string): Promise<CertificateFile> {
  await refuseUnknownTenant(em, tenantId);
  const [row] = await rows<{ certificate: ErasureCertificate; number: string; digest: string }>(em)`
    select certificate, ledger_number::text as number, encode(certificate_digest, 'hex') as digest
    from erasures where tenant_id = ${tenantId} and certified_at is not null`;
  if (!row) throw new DomainError('certificate_not_ready', 'There is no erasure certificate of this tenant (yet).');
  const keys = (await listKeys(em)).map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid }));
  return { certificate: row.certificate, keys, ledger: { number: Number(row.number), digest: row.digest } };
}
