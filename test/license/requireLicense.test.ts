import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { requireLicense } from '#packages/license/src/express.ts';
import { createVerifier, type Verdict } from '#packages/license/src/index.ts';
import { file, tenant, vendor } from '#packages/license/vectors/issuer.ts';

describe('a product that requires its licence', () => {
  let server: Server;
  let address: string;
  const files: Record<string, string | null> = { none: null };
  let now = Date.parse('2026-06-15T12:00:00Z');

  before(async () => {
    files['good'] = await file();
    files['degrading'] = await file({ onExpiry: 'degrade', graceDays: 0 });
    const verifier = createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => now });
    const read = (request: Request): string | null => {
      const name = String(request.query['file']);
      if (!(name in files)) throw new Error('the disk is gone');
      return files[name]!;
    };
    const asked = (request: Request) => ({ tenant: String(request.query['tenant'] ?? tenant) });
    const answer = (_request: Request, response: Response) => {
      const { state, action } = response.locals['license'] as Verdict;
      response.json({ state, action });
    };
    const app = express();
    app.get('/', requireLicense({ verifier, read, asked }), answer);
    for (const feature of ['export', 'api.calls', 'storage_gb', 'absent', 'constructor'])
      app.get(`/${feature}`, requireLicense({ verifier, read, feature }), answer);
    app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
      response.status(500).json({ code: error.message });
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());

  const get = async (path: string) => {
    const response = await fetch(address + path);
    const { state, action, code } = (await response.json()) as Record<string, string>;
    return [response.status, state ?? code, action];
  };

  it('answers with a good one, and tells the handler', async () => {
    assert.deepEqual(await get('/?file=good'), [200, 'valid', 'run']);
  });

  it('refuses without one, and one of another tenant, with a code', async () => {
    assert.deepEqual(await get('/?file=none'), [403, 'license_missing', undefined]);
    assert.deepEqual(await get('/?file=good&tenant=other'), [403, 'license_wrong_tenant', undefined]);
    assert.match((await fetch(`${address}/?file=none`)).headers.get('content-type')!, /^application\/problem\+json/);
  });

  it('asks for a feature of any kind', async () => {
    for (const feature of ['export', 'api.calls', 'storage_gb'])
      assert.deepEqual(await get(`/${feature}?file=good`), [200, 'valid', 'run']);
    for (const feature of ['absent', 'constructor'])
      assert.deepEqual(await get(`/${feature}?file=good`), [403, 'feature_not_licensed', undefined]);
  });

  it('goes on degraded after the end where the policy says so, and stops where it does not', async () => {
    now = Date.parse('2028-01-01T00:00:00Z');
    assert.deepEqual(await get('/?file=degrading'), [200, 'expired', 'degrade']);
    assert.deepEqual(await get('/?file=good'), [403, 'license_expired', undefined]);
  });

  it('passes on what went wrong while reading', async () => {
    assert.deepEqual(await get('/?file=lost'), [500, 'the disk is gone', undefined]);
  });
});
