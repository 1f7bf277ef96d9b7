import { Readable } from 'node:stream';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import { DomainError } from '#contracts/errors.ts';
import type { Registry, Sql } from '#domain/database.ts';
import { erasePeople } from '#domain/members/realmPeople.ts';
import { issuerOf, publishedKeys } from '#domain/realms.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { accessOf, workingCredentials, type WorkingState } from '#domain/secrets/credentials.ts';
import { recallSecret, rememberSecret } from '#domain/secrets/resourceSecrets.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { executeOn, json, rows } from '#domain/sql.ts';
import type { Difference, Provider, ResourceSpec } from '../provider.ts';
import { restoreRealm, snapshotRealm } from './realmBackup.ts';

const algorithm = 'ES256';
const pageSize = 500;

export interface BuiltinRealmOptions {
  registry: Registry;
  keyring: Keyring;
  keys: TenantKeys;
  publicUrl: string;
}

/** The sign-in realm that Tenantry keeps itself: an issuer with its own key pair and JWKS document (RFC 7517), in the registry. */
export function builtinRealm({ registry, keyring, keys, publicUrl }: BuiltinRealmOptions): Provider {
  const kind = 'realm';

  /** The secret of each key that is to be published now; one that is not there yet is made, unless somebody else was quicker. */
  const keysOf = async (em: Sql, { tenantId, resourceId }: Pick<ResourceSpec, 'tenantId' | 'resourceId'>) => {
    const found: { id: string; state: WorkingState; jwk: JWK }[] = [];
    for (const { slot: id, secretName: name, state } of await workingCredentials(em, kind, resourceId)) {
      const secret = await rememberSecret(em, keys, { tenantId, resourceId, name }, newPrivateKey);
      found.push({ id, state, jwk: JSON.parse(secret) as JWK });
    }
    return found;
  };

  /** Publishes what is to be published and nothing else, in the caller's transaction, which holds the fence. */
  const publish = async (em: Sql, spec: ResourceSpec) => {
    const published = await keysOf(em, spec);
    for (const { id, jwk } of published)
      await rows(em)`
        insert into realm_keys (id, realm_id, algorithm, public_jwk)
        values (${id}, ${spec.resourceId}, ${algorithm}, ${json(publicPartOf(jwk))}::jsonb)
        on conflict (id) do update set algorithm = excluded.algorithm, public_jwk = excluded.public_jwk, retired_at = null`;
    await rows(em)`
      update realm_keys set retired_at = now()
      where realm_id = ${spec.resourceId} and retired_at is null and id <> all(${published.map(({ id }) => id)}::text[])`;
  };
  const isOurs = (tag: string | undefined, ref: Pick<ResourceSpec, 'resourceId'>): boolean =>
    readTag(keyring, tag)?.resourceId === ref.resourceId;

  return {
    kind,

    async plan(spec) {
      const [realm] = await rows<{ tag: string }>(registry.em.fork())`
        select tag from realms where tenant_id = ${spec.tenantId}`;
      if (!realm)
        return { action: 'create', reason: `Issuer ${issuerOf(publicUrl, spec.tenantId)} with its own keys.` };
      return isOurs(realm.tag, spec)
        ? { action: 'unchanged', reason: 'The realm is there and carries our tag.' }
        : { action: 'conflict', reason: 'The tenant has another realm.' };
    },

    async ensure(spec) {
      await keysOf(registry.em.fork(), spec); // made before the fence is held, not while
      await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        const made = await rows<{ tag: string }>(em)`
          insert into realms as realm (resource_id, tenant_id, tag, access)
          values (${spec.resourceId}, ${spec.tenantId}, ${writeTag(keyring, spec)}, ${await accessOf(em, spec.resourceId)})
          on conflict (tenant_id) do update set access = excluded.access where realm.resource_id = excluded.resource_id
          returning tag`;
        if (!isOurs(made[0]?.tag, spec)) throw new DomainError('resource_conflict', 'The tenant has another realm.');
        await publish(em, spec);
        await markPresent(executeOn(em), 'fences', spec);
      });
      const issuer = issuerOf(publicUrl, spec.tenantId);
      return { externalId: issuer, values: { issuer, jwksUri: `${issuer}/.well-known/jwks.json` } };
    },

    async settleAccess(spec) {
      await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        await rows(em)`
          update realms set access = ${await accessOf(em, spec.resourceId)} where resource_id = ${spec.resourceId}`;
      });
    },

    async settleCredentials(spec) {
      await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        await publish(em, spec);
        await markPresent(executeOn(em), 'fences', spec);
      });
    },

    async prove(spec) {
      const em = registry.em.fork();
      const issuer = issuerOf(publicUrl, spec.tenantId);
      const published = createLocalJWKSet(await publishedKeys(em, spec.tenantId));
      for (const { slot: kid, secretName: name } of await workingCredentials(em, kind, spec.resourceId)) {
        const privateKey = await recallSecret(em, keys, { ...spec, name });
        if (!privateKey) throw new DomainError('check_failed', 'The realm has no signing key.');
        try {
          const key = await importJWK(JSON.parse(privateKey) as JWK, algorithm);
          const token = await new SignJWT({})
            .setProtectedHeader({ alg: algorithm, kid })
            .setIssuer(issuer)
            .setExpirationTime('1m')
            .sign(key);
          await jwtVerify(token, published, { issuer });
        } catch (error) {
          if ((error as { code?: string }).code?.startsWith('ERR_J'))
            throw new DomainError('check_failed', "The realm's published keys do not verify what it signs.", {
              cause: error,
            });
          throw error;
        }
      }
    },

    async verify(spec) {
      const em = registry.em.fork();
      const [realm] = await rows<{ tag: string; access: string }>(em)`
        select tag, access from realms where resource_id = ${spec.resourceId}`;
      if (!realm) return [{ what: 'realm', expected: 'present', found: 'missing', repair: 'mend', isWhole: true }];
      const differences: Difference[] = [];
      if (!isOurs(realm.tag, spec))
        differences.push({ what: 'tag of the realm', expected: 'ours', found: 'not ours', repair: 'none' });
      if (realm.access !== spec.access)
        differences.push({ what: 'access of the realm', expected: spec.access, found: realm.access, repair: 'mend' });
      const working = await workingCredentials(em, kind, spec.resourceId);
      for (const { slot, secretName: name, state } of working) {
        const [signing, published] =
          state === 'current' ? ['signing key', 'published key'] : [`${state} key`, `published ${state} key`];
        const secret = await recallSecret(em, keys, { ...spec, name });
        // A new key is a new issuer to whoever trusted the old one: what was signed with it is worth nothing any more.
        if (!secret) differences.push({ what: signing, expected: 'present', found: 'missing', repair: 'remake' });
        const found = secret ? await stateOfKey(em, slot, JSON.parse(secret) as JWK) : 'active';
        if (found !== 'active') differences.push({ what: published, expected: 'active', found, repair: 'mend' });
      }
      const unknown = await rows<{ id: string }>(em)`
        select id from realm_keys where realm_id = ${spec.resourceId} and retired_at is null
          and id <> all(${working.map(({ slot }) => slot)}::text[])`;
      for (const { id } of unknown)
        differences.push({ what: `key ${id}`, expected: 'retired', found: 'published', repair: 'mend' });
      return differences;
    },

    async destroy(ref) {
      const em = registry.em.fork();
      await em.transactional((tx) => markDestroying(executeOn(tx), 'fences', ref));
      await em.transactional(async (tx) => {
        await rows(tx)`select 1 from fences where resource_id = ${ref.resourceId} for update`;
        const [realm] = await rows<{ tag: string; tenant_id: string }>(tx)`
          select tag, tenant_id from realms where resource_id = ${ref.resourceId}`;
        if (isOurs(realm?.tag, ref)) await rows(tx)`delete from realms where resource_id = ${ref.resourceId}`;
        // Also where the realm itself is gone already: nobody may be left of a tenant that is.
        const tenantId = realm?.tenant_id ?? ref.tenantId;
        if (tenantId !== '') await eraseIfClosed(tx, tenantId);
        await markDestroyed(executeOn(tx), 'fences', ref);
      });
    },

    /** What it publishes. Its private keys stay: whoever holds one signs as the issuer. */
    async *export({ tenantId }) {
      const { keys: published } = await publishedKeys(registry.em.fork(), tenantId);
      const text = JSON.stringify({ issuer: issuerOf(publicUrl, tenantId), keys: published });
      yield { what: 'rows', name: 'issuer', sourceRows: 1, pieces: Readable.from([Buffer.from(`${text}\n`)]) };
    },

    snapshot: (ref, signal) => snapshotRealm({ registry, keyring, keys, publicUrl }, ref, signal),
    restore: (spec, from, signal) => restoreRealm({ registry, keyring, keys, publicUrl }, spec, from, signal),

    async measure({ resourceId }) {
      const [found] = await rows<{ realms: number; keys: number; secrets: number }>(registry.em.fork())`
        select (select count(*)::int from realms where resource_id = ${resourceId}) as realms,
               (select count(*)::int from realm_keys where realm_id = ${resourceId}) as keys,
               (select count(*)::int from resource_secrets where resource_id = ${resourceId}) as secrets`;
      return { ...(found ?? { realms: 0, keys: 0, secrets: 0 }) };
    },

    async discard({ resourceId }, { runId, epoch }) {
      if (resourceId) await this.destroy({ resourceId, tenantId: '', installationId: '', runId, epoch });
    },

    async list(cursor) {
      const found = await rows<{ resource_id: string; tenant_id: string; tag: string }>(registry.em.fork())`
        select resource_id, tenant_id, tag from realms
        where resource_id > ${cursor ?? '00000000-0000-0000-0000-000000000000'}::uuid order by resource_id limit ${pageSize}`;
      const items = found.flatMap(({ tenant_id, tag }) => {
        const ownership = readTag(keyring, tag);
        return ownership ? [{ externalId: issuerOf(publicUrl, tenant_id), what: 'Sign-in realm', ownership }] : [];
      });
      return { items, nextCursor: found.length === pageSize ? (found.at(-1)?.resource_id ?? null) : null };
    },
  };
}

/** With the realm of a tenant that is being taken away go its people; while its doors are open, a realm is made again without a loss. */
async function eraseIfClosed(em: Sql, tenantId: string): Promise<void> {
  const [open] = await rows(em)`select 1 from tenants where id = ${tenantId} and state in ('active', 'suspended')`;
  if (!open) await erasePeople(em, tenantId);
}

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

/** Whether what the realm signs can be verified with the key that it publishes. */
async function stateOfKey(
  em: Sql,
  keyId: string,
  signing: JWK,
): Promise<'active' | 'missing' | 'retired' | 'another key'> {
  const [key] = await rows<{ public_jwk: JWK; retired: boolean }>(em)`
    select public_jwk, retired_at is not null as retired from realm_keys where id = ${keyId}`;
  if (!key) return 'missing';
  const [published, own] = [publicPartOf(key.public_jwk), publicPartOf(signing)];
  if (published.x !== own.x || published.y !== own.y) return 'another key';
  return key.retired ? 'retired' : 'active';
}

const publicPartOf = ({ kty, crv, x, y }: JWK): JWK => ({ kty: kty ?? '', crv: crv ?? '', x: x ?? '', y: y ?? '' });
