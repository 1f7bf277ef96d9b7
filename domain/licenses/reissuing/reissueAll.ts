import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { advance, beginPlatformRun, closePlatformRun, placeOf, type Skipped } from '../../runs/platformRun.ts';
import { registryTime, rows } from '../../sql.ts';
import { revokeOnList } from '../keys/revocationList.ts';
import { licenseSignerOf, lockProduct } from '../keys/signingKeys.ts';
import { subjectOfKey } from '../keys/subjectOfKey.ts';
import type { LicenseRow } from '../licenseRow.ts';
import { resign } from '../signing/signLicense.ts';

/** So many licences in a transaction: nobody waits long for what it holds. */
const batchLicences = 100;

/**
 * Opens the run that signs every licence of a key anew by the key that signs now, and puts what the old one signed on the list of
 * revocations. Asked for again after it ended early, it goes on with those that are left: what is signed anew is no more of that key.
 * Refuses with `not_found`, `license_key_current`, `run_in_progress`.
 */
export async function openReissue(
  em: Sql,
  installation: Installation,
  { product, kid, now }: { product: string; kid: string; now: Date },
  actor: Actor,
): Promise<{ runId: string; licenses: number }> {
  await lockProduct(em, product);
  const [key] = await rows<{ subject: string }>(em)`
    select ${subjectOfKey} as subject from license_keys k
    where kid = ${kid} and product = ${product}`;
  if (!key) throw new DomainError('not_found', `The product "${product}" has no such key.`);
  if ((await licenseSignerOf(em, installation, product, now)).kid === kid)
    throw new DomainError('license_key_current', 'It is the key that signs now; rotate it first.');
  const runId = newId();
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'reissueLicenses', tenantId: null, subjectId: key.subject, queue: 'bulk' },
      ...{ exclusive: false, cancellable: false },
    },
    actor,
  );
  await addSteps(em, runId, [
    { title: 'Sign the licences anew', kind: 'fixed', provider: 'licenses', act: 'licenses.reissueBatch', undo: null },
  ]);
  const licenses = await countLeft(em, kid);
  await appendEvent(
    em,
    {
      stream: `license_product:${product}`,
      type: 'license_product.reissue_asked',
      tenantId: null,
      data: { kid, runId, licenses },
    },
    actor,
  );
  return { runId, licenses };
}

const countLeft = async (em: Sql, kid: string): Promise<number> => {
  const [left] = await rows<{ count: number }>(em)`
    select count(*)::int as count from licenses where kid = ${kid} and state in ('active', 'suspended')`;
  return left?.count ?? 0;
};

/**
 * Signs the next batch anew, each licence with its event, and writes down how far it came, in one transaction: an attempt that is repeated
 * goes on from there. One that cannot be signed is passed over and told; it excuses no other.
 */
export async function reissueBatch(
  ledger: Ledger,
  installation: Installation,
  ref: PlatformRef & { subjectId: string },
): Promise<{ count: number; isOver: boolean }> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: { count: 0, isOver: true } };
    const { kid, product } = await keyOf(em, ref.subjectId);
    await beginPlatformRun(em, run, async () => [{ count: await countLeft(em, kid) }]);
    const from = await placeOf(em, run.id);
    const batch = await rows<LicenseRow>(em)`
      select * from licenses where kid = ${kid} and state in ('active', 'suspended') and (${from}::uuid is null or id > ${from}::uuid)
      order by id limit ${batchLicences} for update`;
    const now = new Date(await registryTime(em));
    const skipped: Skipped[] = [];
    for (const licence of batch) {
      const why = await orWhyNot(() => em.transactional((tx) => reissue(tx, installation, licence, now, run.actor)));
      if (why !== null) skipped.push({ tenantId: licence.tenant_id, what: `licence ${licence.id}`, why, failed: true });
    }
    const count = batch.length - skipped.length;
    const isOver = batch.length < batchLicences;
    await advance(em, run.id, from, batch.at(-1)?.id ?? from, { done: count, found: 0, skipped });
    if (isOver) {
      await appendEvent(
        em,
        {
          stream: `license_product:${product}`,
          type: 'license_product.reissued',
          tenantId: null,
          data: { kid, runId: run.id, left: await countLeft(em, kid) },
        },
        run.actor,
      );
      await closePlatformRun(em, run);
    }
    return { changed: true, result: { count, isOver } };
  });
}

async function keyOf(em: Sql, subjectId: string): Promise<{ kid: string; product: string }> {
  const [key] = await rows<{ kid: string; product: string }>(em)`
    select kid, product from license_keys k where ${subjectOfKey} = ${subjectId}::uuid`;
  if (!key) throw new Error(`no key is known by ${subjectId}`);
  await lockProduct(em, key.product); // also for the events of its stream
  return key;
}

async function reissue(
  em: Sql,
  installation: Installation,
  licence: LicenseRow,
  now: Date,
  actor: Actor,
): Promise<void> {
  const { id, tenant_id: tenantId, product, serial: before, kid } = licence;
  const serial = await resign(em, installation, licence, now);
  await revokeOnList(em, { licenseId: id, product, serial: before, reason: 'key_compromised', at: now });
  const policy = { name: licence.policy_name, version: licence.policy_version };
  const data = { serial, policy, revokedOlder: true, insteadOf: kid };
  await appendEvent(em, { stream: `license:${id}`, type: 'license.reissued', tenantId, data }, actor);
}

const sqlState = /^[0-9A-Z]{5}$/;

/** Null when it was done. What PostgreSQL, or the way to it, refuses is no property of a licence and fails the batch. */
async function orWhyNot(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && (sqlState.test(code) || code.startsWith('ECONN'))) throw error;
    return error instanceof DomainError ? error.publicMessage : 'It cannot be signed; the log tells more.';
  }
}
