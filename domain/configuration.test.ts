import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ConfigurationError, readConfiguration } from './configuration.ts';

const key = randomBytes(32);
const enough = {
  TENANTRY_APP_DATABASE_URL: 'postgres://app:canary@127.0.0.1/tenantry',
  TENANTRY_MASTER_KEY: key.toString('base64'),
};
const refused = (env: NodeJS.ProcessEnv, ...patterns: RegExp[]) =>
  assert.throws(
    () => readConfiguration(env),
    (error: Error) => error instanceof ConfigurationError && patterns.every((pattern) => pattern.test(error.message)),
  );

describe('the configuration', () => {
  it('needs little, and fills in the rest', () => {
    const read = readConfiguration(enough);
    assert.deepEqual(read.masterKey, key);
    assert.equal(read.publicUrl, 'http://localhost:4400');
    assert.equal(read.temporal.tls, null);
    assert.ok(read.storageDir.endsWith('/.tenantry/storage'));
  });

  it('names everything that is wrong at once, and repeats no value', () => {
    const env = {
      TENANTRY_PORT: '99999',
      TENANTRY_PUBLIC_URL: 'ftp://canary',
      TENANTRY_LOG_LEVEL: 'canary',
      TENANTRY_MASTER_KEY: 'canary',
      TEMPORAL_TLS_CA: '/nowhere/canary.pem',
    };
    refused(env, /TENANTRY_PORT/, /TENANTRY_PUBLIC_URL/, /TENANTRY_LOG_LEVEL/, /TENANTRY_MASTER_KEY must be 32 bytes/);
    refused(env, /TENANTRY_APP_DATABASE_URL is missing/, /TEMPORAL_TLS_CA: the file cannot be read \(ENOENT\)/);
    refused(env, /^(?!.*canary)/s);
  });

  it('takes an empty variable for a missing one', () => {
    refused({ ...enough, TENANTRY_MASTER_KEY: '' }, /TENANTRY_MASTER_KEY or TENANTRY_MASTER_KEY_FILE is missing/);
    assert.equal(readConfiguration({ ...enough, TENANTRY_PORT: '' }).port, 4400);
  });

  it('turns TLS on where a key or a certificate is given, and off on request', () => {
    assert.ok(readConfiguration({ ...enough, TEMPORAL_API_KEY: 'k' }).temporal.tls);
    assert.equal(readConfiguration({ ...enough, TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'false' }).temporal.tls, null);
  });
});
