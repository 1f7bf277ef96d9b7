import { Readable } from 'node:stream';
import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { jsonLines, parsedLines } from '#domain/backups/format/jsonLines.ts';
import type { Registry, Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import type { Installation } from '#domain/installation.ts';
import { openHumanKey } from '#domain/licenses/humanKeys.ts';
import { issueLicense } from '#domain/licenses/issueLicense.ts';
import type { LicenseRow } from '#domain/licenses/licenseRow.ts';
import { countOtherAccess, settleLicenseAccess } from '#domain/licenses/provisioning/licenseAccess.ts';
import {
  isInForce,
  isSignedWell,
  licenseOfResource,
  lockLicenseOfResource,
} from '#domain/licenses/provisioning/licenseOfResource.ts';
import { withdrawLicense } from '#domain/licenses/provisioning/withdrawLicense.ts';
import { resign } from '#domain/licenses/signing/signLicense.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { executeOn, registryTime, rows } from '#domain/sql.ts';
import type { Difference, Provider, ResourceRef, ResourceSpec } from '../provider.ts';

const pageSize = 500;

export interface LicenseProviderOptions {
  registry: Registry;
  installation: Installation;
  keys: TenantKeys;
}

/**
 * The licence that a tenant is born with, by the policy of its plan: signed in the registry, with the resource's id. Whatever a person
 * does to it afterwards by the product's own ways (reissue, suspend, revoke, transfer) is no difference.
 */
export function licenseProvider({ registry, installation, keys }: LicenseProviderOptions): Provider {
  const { keyring } = installation;
  const isOurs = (tag: string | null, ref: Pick<ResourceRef, 'resourceId'>): boolean =>
    readTag(keyring, tag)?.resourceId === ref.resourceId;
  const conflict = () => new DomainError('resource_conflict', 'A licence with this id is there and is not ours.');

  const issue = async (em: Sql, spec: ResourceSpec, now: Date): Promise<void> => {
    const wanted = { trial: false, test: false };
    const { tenantId, resourceId: id } = spec;
    await issueLicense(
      em,
      { installation, tenantKeys: keys },
      { tenantId, wanted, now, id, tag: writeTag(keyring, spec) },
      theSystem,
    );
  };

  /** What was signed is signed again where it does not verify; the tag shows that the row is ours all the same. */
  const mend = async (em: Sql, licence: LicenseRow, now: Date): Promise<void> => {
    if (isInForce(licence) && !(await isSignedWell(em, licence))) await resign(em, installation, licence, now);
  };

  return {
    kind: 'license',

    async plan(spec) {
      const licence = await licenseOfResource(registry.em.fork(), spec.resourceId);
      if (!licence) return { action: 'create', reason: 'A signed licence by the policy of its plan.' };
      return isOurs(licence.tag, spec)
        ? { action: 'unchanged', reason: 'The licence is there and carries our tag.' }
        : { action: 'conflict', reason: 'A licence with this id is there and is not ours.' };
    },

    async ensure(spec) {
      await keys.of(spec.tenantId); // inside the transaction it would want a second connection
      const { resourceId } = spec;
      const product = await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        const now = new Date(await registryTime(em));
        const found = await lockLicenseOfResource(em, resourceId);
        if (found && !isOurs(found.tag, spec)) throw conflict();
        if (found) await mend(em, found, now);
        else await issue(em, spec, now);
        await settleLicenseAccess(em, spec);
        await markPresent(executeOn(em), 'fences', spec);
        return (await licenseOfResource(em, resourceId))!.product;
      });
      return { externalId: resourceId, values: { licenseId: resourceId, product } };
    },

    async settleAccess(spec) {
      await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        await settleLicenseAccess(em, spec);
      });
    },

    async prove(spec) {
      const em = registry.em.fork();
      const licence = await licenseOfResource(em, spec.resourceId);
      if (!licence) throw new DomainError('check_failed', 'The licence is not there.');
      if (!isInForce(licence)) return;
      if (!(await isSignedWell(em, licence)))
        throw new DomainError('check_failed', "The licence's signature does not verify.");
      await openHumanKey(keys, licence).catch((cause: unknown) => {
        throw new DomainError('check_failed', "The licence's key cannot be read.", { cause });
      });
    },

    async verify(spec) {
      const em = registry.em.fork();
      const licence = await licenseOfResource(em, spec.resourceId);
      // Made again it has another key and its serials begin anew: whoever holds the old file needs the new one.
      if (!licence)
        return [{ what: 'licence', expected: 'present', found: 'missing', repair: 'remake', isWhole: true }];
      const differences: Difference[] = [];
      if (!isOurs(licence.tag, spec))
        differences.push({ what: 'tag of the licence', expected: 'ours', found: 'not ours', repair: 'none' });
      if (isInForce(licence) && !(await isSignedWell(em, licence)))
        differences.push({ what: 'signature of the licence', expected: 'valid', found: 'not valid', repair: 'mend' });
      if ((await countOtherAccess(em, spec.tenantId, spec.access)) > 0)
        differences.push({
          what: "access of the tenant's licences",
          expected: spec.access,
          found: spec.access === 'open' ? 'suspended' : 'open',
          repair: 'mend',
        });
      return differences;
    },

    async destroy(ref) {
      const em = registry.em.fork();
      await em.transactional((tx) => markDestroying(executeOn(tx), 'fences', ref));
      await em.transactional(async (tx) => {
        await rows(tx)`select 1 from fences where resource_id = ${ref.resourceId} for update`;
        const licence = await lockLicenseOfResource(tx, ref.resourceId);
        if (licence && isOurs(licence.tag, ref)) await withdrawLicense(tx, licence, new Date(await registryTime(tx)));
        await markDestroyed(executeOn(tx), 'fences', ref);
      });
    },

    /** What was signed last. Its key stays: whoever has it reads encrypted files. */
    async *export({ resourceId }) {
      const licence = await licenseOfResource(registry.em.fork(), resourceId);
      const signed = licence?.claims ?? null;
      if (signed === null) return;
      yield { what: 'rows', name: 'license', sourceRows: 1, pieces: Readable.from([Buffer.from(`${signed}\n`)]) };
    },

    /** What was signed last, or that nothing is. */
    async *snapshot({ resourceId }) {
      const licence = await licenseOfResource(registry.em.fork(), resourceId);
      const { pieces, count } = jsonLines([{ signed: licence?.claims ?? null, state: licence?.state ?? null }]);
      yield { what: 'rows', name: 'license', at: new Date(), pieces, held: () => ({ rows: count() }) };
    },

    /** A licence is a contract: what was renewed, changed or revoked since stands. What is in the copy tells what held then. */
    async restore(_spec, from) {
      for (const part of from.parts) for await (const _line of parsedLines(from.open(part), z.unknown()));
      const why = 'a licence is a contract: what was renewed, changed or revoked since stands';
      return { rows: 0, objects: 0, bytes: 0, leftOut: [{ what: 'the licence', why }] };
    },

    async measure({ resourceId }) {
      const [found] = await rows<{ licenses: number; files: number; keys: number }>(registry.em.fork())`
        select count(*)::int as licenses, count(claims)::int as files, count(sealed_key)::int as keys
        from licenses where id = ${resourceId} and tag is not null`;
      return { ...(found ?? { licenses: 0, files: 0, keys: 0 }) };
    },

    async discard({ resourceId }, { runId, epoch }) {
      if (resourceId) await this.destroy({ resourceId, tenantId: '', installationId: '', runId, epoch });
    },

    async list(cursor) {
      const found = await rows<{ id: string; tag: string }>(registry.em.fork())`
        select id, tag from licenses
        where tag is not null and id > ${cursor ?? '00000000-0000-0000-0000-000000000000'}::uuid order by id limit ${pageSize}`;
      const items = found.flatMap(({ id, tag }) => {
        const ownership = readTag(keyring, tag);
        return ownership ? [{ externalId: id, what: 'Licence', ownership }] : [];
      });
      return { items, nextCursor: found.length === pageSize ? (found.at(-1)?.id ?? null) : null };
    },
  };
}
