import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import type { SerializationContext } from '@temporalio/common';
import { Keyring } from '#domain/secrets/keyring.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { SealedPayloads } from './payloadCodec.ts';

describe('the codec of payloads, while the registry is away', () => {
  const tenantId = randomUUID();
  const context: SerializationContext = {
    type: 'workflow',
    namespace: 'default',
    workflowId: `suspendTenant/${tenantId}/${randomUUID()}`,
  };
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"kept"') };
  const keyring = new Keyring(randomBytes(32));

  /** Asked for the key, they fail so first, one after the other. */
  function keysAfter(failures: Error[]): TenantKeys {
    const key = { id: randomUUID(), key: randomBytes(32) };
    const find = async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return key;
    };
    return { find } as unknown as TenantKeys;
  }
  const away = (code: string) => Object.assign(new Error('the database system is starting up'), { code });

  it('waits for it, because an error here would end the worker', async () => {
    const codec = new SealedPayloads(keyring, keysAfter([away('57P03'), away('ECONNREFUSED')]));
    const sealed = await codec.encode([payload], context);
    const [opened] = await codec.decode(sealed, context);
    assert.equal(Buffer.from(opened!.data!).toString(), '"kept"');
  });

  it('tells at once what no waiting mends', async () => {
    const codec = new SealedPayloads(keyring, keysAfter([new Error('the master key is another')]));
    await assert.rejects(codec.encode([payload], context), /the master key is another/);
  });
});

describe('the codec of payloads, once the key of a tenant is shredded', () => {
  const tenantId = randomUUID();
  const context: SerializationContext = {
    type: 'workflow',
    namespace: 'default',
    workflowId: `deprovisionTenant/${tenantId}/${randomUUID()}`,
  };
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"canary"') };
  const keyring = new Keyring(randomBytes(32));
  const gone = { find: async () => null } as unknown as TenantKeys;

  it('writes nothing for a client', async () => {
    await assert.rejects(new SealedPayloads(keyring, gone).encode([payload], context), { name: 'KeyDestroyed' });
  });

  it('writes for a worker what nobody can read, because an error here would end the worker', async () => {
    const codec = new SealedPayloads(keyring, gone, 'seal for nobody');
    const [sealed, again] = [await codec.encode([payload], context), await codec.encode([payload], context)];
    assert.ok(!Buffer.from(sealed[0]!.data!).includes('canary'));
    assert.notDeepEqual(sealed[0]!.data, again[0]!.data);
    await assert.rejects(codec.decode(sealed, context), { name: 'KeyDestroyed' });
  });
});
