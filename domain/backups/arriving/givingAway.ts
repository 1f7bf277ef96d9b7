import { v7 as newId } from 'uuid';
import {
  fingerprintOf,
  type HandOver,
  type HandOverFile,
  type HandOverList,
  type NewHandOver,
} from '#contracts/backups/arrivals.ts';
import { DomainError } from '#contracts/errors.ts';
import { canonical } from '../../audit/canonical.ts';
import { listKeys, signerOf } from '../../audit/signingKeys.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { isoOf } from '../../isoOf.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { registryTime, rows } from '../../sql.ts';
import { lockTenant } from '../../suspension/openSuspension.ts';
import { refuseUnknown } from '../../tenants/refuseUnknown.ts';
import { restorableBackup } from '../restoring/restorableBackup.ts';
import { writeHandOver } from './handOver.ts';

const shown = 50;

/**
 * Lets another installation read the backups of a tenant: its key, sealed for one request of theirs. In the caller's transaction, with the tenant's key read
 * before. Refuses with `not_found`, `tenant_erased`, `tenant_not_active`, `backup_not_found`, `backup_damaged`, `confirmation_mismatch`, `hand_over_own`,
 * `arrival_over`.
 */
export async function handOverBackup(
  em: Sql,
  { installation, tenantKeys }: { installation: Installation; tenantKeys: TenantKeys },
  tenantId: string,
  { backupId, request, fingerprint }: NewHandOver,
  actor: Actor,
): Promise<HandOver> {
  const { state } = await lockTenant(em, tenantId);
  if (state === 'erased' || state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant, and its backups cannot be read.');
  if (state !== 'active' && state !== 'suspended')
    throw new DomainError(
      'tenant_not_active',
      `The tenant is ${state}: only one that is active or suspended is handed over.`,
    );
  await restorableBackup(em, tenantId, backupId);
  if (request.installation === installation.id)
    throw new DomainError('hand_over_own', 'The request is of this installation: restore the tenant beside instead.');
  const expected = await fingerprintOf(request.publicKey);
  if (plain(fingerprint) !== plain(expected))
    throw new DomainError('confirmation_mismatch', 'The fingerprint is not that of this request.', {
      fields: [{ path: 'fingerprint', message: 'is not that of the request' }],
    });
  const at = await registryTime(em);
  if (Date.parse(request.until) <= Date.parse(at))
    throw new DomainError('arrival_over', 'The request is too old: they have to make another one.');
  const file = writeHandOver(
    { installation: installation.id, arrival: request.arrival, tenant: tenantId, backup: backupId },
    { key: await tenantKeys.of(tenantId), publicKey: request.publicKey },
    { signer: await signerOf(em, installation), keys: await listKeys(em), at },
  );
  const id = newId();
  await rows(em)`
    insert into hand_overs (id, tenant_id, backup_id, installation_id, fingerprint, file, created_at)
    values (${id}, ${tenantId}, ${backupId}, ${request.installation}, ${expected}, ${canonical(file)}, ${at})`;
  await appendEvent(
    em,
    {
      ...{ stream: `tenant:${tenantId}` as const, type: 'tenant.handed_over', tenantId },
      data: { handOverId: id, backupId, to: request.installation, arrival: request.arrival, fingerprint: expected },
    },
    actor,
  );
  return { id, backupId, installation: request.installation, fingerprint: expected, createdAt: at, file };
}

const plain = (fingerprint: string): string => fingerprint.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();

/** Refuses with `not_found`. */
export async function listHandOvers(em: Sql, installation: Installation, tenantId: string): Promise<HandOverList> {
  await refuseUnknown(em, tenantId);
  const found = await rows<Omit<HandOver, 'file'> & { file: string }>(em)`
    select id, backup_id as "backupId", installation_id as installation, fingerprint, created_at as "createdAt", file
    from hand_overs where tenant_id = ${tenantId} order by created_at desc limit ${shown}`;
  return {
    signer: (await signerOf(em, installation)).kid,
    items: found.map((row) => ({
      ...row,
      createdAt: isoOf(row.createdAt),
      file: JSON.parse(row.file) as HandOverFile,
    })),
  };
}
