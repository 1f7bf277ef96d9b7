import type { Sql } from '../../database.ts';
import { appendEvent, theSystem } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import { findLicense } from '../licenseRow.ts';
import { resign } from '../signing/signLicense.ts';
import { carryOut, nothingDrained, sum, type Drained, type Settlement } from './carryOut.ts';
import { findDue, type DueLicense } from './dueRows.ts';

/**
 * Takes back what was granted until `now` or earlier, one licence after the other, each in a transaction of its own and signed anew; one that
 * somebody else changes is left for the next time.
 */
export async function drainOverrides(em: Sql, installation: Installation, now: Date, most = 100): Promise<Drained> {
  let drained = nothingDrained();
  for (const { licenseId } of await findDue(em, 'overrides', now, most)) {
    const one = await carryOut(em, [licenseId], {
      ...{ drain: 'overrides', now },
      settle: (tx, [licence]) => expire(tx, installation, licence!, now),
    });
    drained = sum(drained, one);
  }
  return drained;
}

async function expire(em: Sql, installation: Installation, licence: DueLicense, now: Date): Promise<Settlement> {
  const { id, tenant_id: tenantId, dues } = licence;
  const expired = await rows<{ name: string }>(em)`
    delete from license_overrides where license_id = ${id} and until <= ${now} returning name`;
  const serial = await resign(em, installation, await findLicense(em, id), now);
  const data = { names: expired.map(({ name }) => name).toSorted(), serial };
  await appendEvent(em, { stream: `license:${id}`, type: 'license.overrides_expired', tenantId, data }, theSystem);
  return { settled: dues.map((due) => ({ due, why: null })) };
}
