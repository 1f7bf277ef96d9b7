import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import { DomainError } from '#contracts/errors.ts';
import type { Registry, Sql } from '#domain/database.ts';
import { issuerOf, publishedKeys } from '#domain/realms.ts';
import { enterToEnsure, markDestroyed, markDestroying, markPresent } from '#domain/resources/fences.ts';
import { readTag, writeTag } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { recallSecret, rememberSecret } from '#domain/secrets/resourceSecrets.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { executeOn, json, rows } from '#domain/sql.ts';
import type { Difference, Provider, ResourceSpec } from '../provider.ts';

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
  const secretOf = ({ tenantId, resourceId }: Pick<ResourceSpec, 'tenantId' | 'resourceId'>) => ({
    tenantId,
    resourceId,
    name: 'signing_key',
  });
  const isOurs = (tag: string | undefined, ref: Pick<ResourceSpec, 'resourceId'>): boolean =>
    readTag(keyring, tag)?.resourceId === ref.resourceId;
  const keyIdOf = (resourceId: string) => `${resourceId}-1`;

  return {
    kind: 'realm',

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
      const privateKey = await rememberSecret(registry.em.fork(), keys, secretOf(spec), newPrivateKey);
      const publicJwk = publicPartOf(JSON.parse(privateKey) as JWK);
      await registry.em.fork().transactional(async (em) => {
        await enterToEnsure(executeOn(em), 'fences', spec);
        const made = await rows<{ tag: string }>(em)`
          insert into realms as realm (resource_id, tenant_id, tag, access)
          values (${spec.resourceId}, ${spec.tenantId}, ${writeTag(keyring, spec)}, ${spec.access})
          on conflict (tenant_id) do update set access = excluded.access where realm.resource_id = excluded.resource_id
          returning tag`;
        if (!isOurs(made[0]?.tag, spec)) throw new DomainError('resource_conflict', 'The tenant has another realm.');
        await rows(em)`
          insert into realm_keys (id, realm_id, algorithm, public_jwk)
          values (${keyIdOf(spec.resourceId)}, ${spec.resourceId}, ${algorithm}, ${json(publicJwk)}::jsonb)
          on conflict (id) do update set algorithm = excluded.algorithm, public_jwk = excluded.public_jwk, retired_at = null`;
        await markPresent(executeOn(em), 'fences', spec);
      });
      const issuer = issuerOf(publicUrl, spec.tenantId);
      return { externalId: issuer, values: { issuer, jwksUri: `${issuer}/.well-known/jwks.json` } };
    },

    async prove(spec) {
      const em = registry.em.fork();
      const privateKey = await recallSecret(em, keys, secretOf(spec));
      if (!privateKey) throw new DomainError('check_failed', 'The realm has no signing key.');
      const issuer = issuerOf(publicUrl, spec.tenantId);
      try {
        const key = await importJWK(JSON.parse(privateKey) as JWK, algorithm);
        const token = await new SignJWT({})
          .setProtectedHeader({ alg: algorithm, kid: keyIdOf(spec.resourceId) })
          .setIssuer(issuer)
          .setExpirationTime('1m')
          .sign(key);
        await jwtVerify(token, createLocalJWKSet(await publishedKeys(em, spec.tenantId)), { issuer });
      } catch (error) {
        if ((error as { code?: string }).code?.startsWith('ERR_J'))
          throw new DomainError('check_failed', "The realm's published keys do not verify what it signs.", {
            cause: error,
          });
        throw error;
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
      const signing = await recallSecret(em, keys, secretOf(spec));
      // A new key is a new issuer to whoever trusted the old one: what was signed with it is worth nothing any more.
      if (!signing)
        return [...differences, { what: 'signing key', expected: 'present', found: 'missing', repair: 'remake' }];
      const found = await stateOfKey(em, keyIdOf(spec.resourceId), JSON.parse(signing) as JWK);
      if (found !== 'active') differences.push({ what: 'published key', expected: 'active', found, repair: 'mend' });
      return differences;
    },

    async destroy(ref) {
      const em = registry.em.fork();
      await em.transactional((tx) => markDestroying(executeOn(tx), 'fences', ref));
      await em.transactional(async (tx) => {
        await rows(tx)`select 1 from fences where resource_id = ${ref.resourceId} for update`;
        const [realm] = await rows<{ tag: string }>(tx)`select tag from realms where resource_id = ${ref.resourceId}`;
        if (isOurs(realm?.tag, ref)) await rows(tx)`delete from realms where resource_id = ${ref.resourceId}`;
        await markDestroyed(executeOn(tx), 'fences', ref);
      });
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
