import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RunbookWorld } from '../runbookWorld.ts';
import { carriedOut, ended, outputOf } from './carriedOut.ts';

const run = promisify(execFile);

describe('"Rotate a certificate"', () => {
  let world: RunbookWorld;
  let server: Server;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-certificates-'));
    server = createServer(await issued('first', 20), (_request, response) => void response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    world = await RunbookWorld.start(undefined, { TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true' });
  });
  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function issued(name: string, days: number): Promise<{ key: string; cert: string }> {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    await run('openssl', [
      ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', `${days}`],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  }
  const inputs = (more: object = {}) => ({
    ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port, trusted: false },
    ...more,
  });

  it('in practice looks whether the present one is good for two weeks', async () => {
    const over = await carriedOut(world, 'rotate-certificates', { inputs: inputs(), practice: true });
    ended(over);
    assert.equal(outputOf(over, 'after')['fingerprint'], outputOf(over, 'before')['fingerprint']);
    assert.ok([19, 20].includes(Number(outputOf(over, 'before')['daysLeft'])));
  });

  it('refuses one whose issuer nobody knows, where it has to be known, and says why', async () => {
    const over = await carriedOut(world, 'rotate-certificates', {
      inputs: inputs({ trusted: true }),
      deeds: {
        before: ({ reasonCode, reason }) => {
          assert.equal(reasonCode, 'check_failed');
          assert.match(reason!, /SELF_SIGNED/);
          return { decision: 'stop' };
        },
      },
    });
    ended(over, 'rolled_back');
  });

  it('is over when the new one is shown', async () => {
    const over = await carriedOut(world, 'rotate-certificates', {
      inputs: inputs(),
      deeds: { install: async () => server.setSecureContext(await issued('second', 90)) },
    });
    ended(over);
    assert.notEqual(outputOf(over, 'after')['fingerprint'], outputOf(over, 'before')['fingerprint']);
  });

  it('waits for a person while the old one is shown still, or the new one is too short', async () => {
    const reasons: string[] = [];
    const over = await carriedOut(world, 'rotate-certificates', {
      inputs: inputs(),
      deeds: {
        after: async ({ reason }) => {
          reasons.push(reason!);
          server.setSecureContext(await issued('third', 100));
          return { decision: 'retry' };
        },
      },
    });
    ended(over);
    assert.deepEqual(reasons, ['The same certificate as before is shown still.']);
    const wanted = inputs({ 'valid-days': 1_000 });
    const short = await carriedOut(world, 'rotate-certificates', {
      inputs: wanted,
      deeds: {
        install: async () => server.setSecureContext(await issued('too-short', 400)),
        after: ({ reason }) => {
          assert.match(reason!, /valid for (?:399|400) days; 1000 are wanted/);
          return { decision: 'stop' };
        },
      },
    });
    ended(short, 'rolled_back');
    assert.equal(world.states(short)['install'], 'undone');
  });
}).timeout(180_000);
