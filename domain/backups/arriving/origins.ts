import { DomainError } from '#contracts/errors.ts';
import { KeyBook } from '../../audit/statements.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import type { ErasureLedger, ErasureLine } from '../../erasure/erasureLedger.ts';
import { mirroredErasures } from '../../erasure/erasureMirror.ts';
import type { Installation } from '../../installation.ts';
import { openPlace } from '../../places/openPlace.ts';
import type { Place } from '../../places/place.ts';
import { unseal } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';
import { placed } from '../format/refusals.ts';
import type { BackupTarget } from '../format/writeBackup.ts';
import { arrivalOf, keyContextOf } from './arrivals.ts';

/** Where backups of other installations are read: never written to. */
export const placeOfArrivals = ({ backups }: Pick<Configuration, 'backups'>): Place =>
  openPlace({ place: backups.arrivals, isOurs: false });

/** What a run brings, and whose signatures are believed of it. Refuses with `arrival_over` once its key is gone. */
export async function arrivedBackup(
  em: Sql,
  { installation, configuration }: { installation: Installation; configuration: Pick<Configuration, 'backups'> },
  arrivalId: string,
): Promise<{ target: BackupTarget; keys: KeyBook }> {
  const { keyId, sealedKey, originTenant, backupId, signers } = await arrivalOf(em, arrivalId);
  if (!keyId || !sealedKey || !originTenant || !backupId || !signers)
    throw new DomainError('arrival_over', 'What was handed over for this tenant cannot be opened any more.');
  const key = unseal(installation.keyring.platformKey, sealedKey, keyContextOf(arrivalId));
  return {
    target: {
      ...{ place: placeOfArrivals(configuration), tenantId: originTenant, backupId },
      key: { id: keyId, key },
    },
    keys: new KeyBook(signers.map(({ kid, x }) => ({ kty: 'OKP', crv: 'Ed25519', kid, x }))),
  };
}

/**
 * Whoever was erased does not come again: not by our ledger, under the id that they had there or any that they had here; and not by theirs, where its copy
 * lies beside their backups. Refuses with `tenant_erased`.
 */
export async function refuseErasedOrigin(em: Sql, ledger: ErasureLedger, place: Place, origin: string): Promise<void> {
  const here = await rows<{ id: string }>(em)`
    select tenant_id as id from arrivals where origin_tenant = ${origin} and tenant_id is not null`;
  const ids = new Set([origin, ...here.map(({ id }) => id)]);
  const isErased = ({ tenant, origin: was }: Pick<ErasureLine, 'tenant' | 'origin'>): boolean =>
    ids.has(tenant) || was === origin;
  for await (const { anchor } of ledger.lines()) if (anchor && isErased(anchor)) throw erased('here');
  await placed(async () => {
    for await (const line of mirroredErasures(place))
      if (isErased(JSON.parse(line.toString()) as ErasureLine)) throw erased('where it comes from');
  });
}

const erased = (where: string): DomainError =>
  new DomainError('tenant_erased', `This tenant was erased ${where}, as the erasure ledger says: it is not brought.`);

/** What a tenant was called where it came from; null for one that was made here. */
export async function originOf(em: Sql, tenantId: string): Promise<string | null> {
  const [row] = await rows<{ origin: string }>(em)`
    select origin_tenant as origin from arrivals where tenant_id = ${tenantId}`;
  return row?.origin ?? null;
}
