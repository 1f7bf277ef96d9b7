import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import type { AuditPage, AuditVerification } from '#contracts/audit/audit.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { readExport } from '#domain/audit/exporting/readExport.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { verifyExport } from '#domain/audit/verifying/verifyExport.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { ApiInstallation } from '#test/api/apiInstallation.ts';
import { personWith, type TestPerson } from '#test/api/personWith.ts';

describe('the audit by API', () => {
  let api: ApiInstallation;
  const tenants: string[] = [];
  let auditor: TestPerson;
  let ofOneTenant: TestPerson;

  before(async () => {
    api = await ApiInstallation.start();
    for (const name of ['Uppsala', 'Lund']) {
      const { body } = await api.ask<{ tenantId: string }>('POST', '/api/v1/tenants', {
        body: { name },
        headers: { 'user-agent': 'curl/8', 'x-request-id': `create-${name}` },
      });
      tenants.push(body.tenantId);
    }
    auditor = await personWith(api.installation, [{ role: 'auditor' }]);
    ofOneTenant = await personWith(api.installation, [
      { role: 'auditor', scope: { kind: 'tenant', tenantId: tenants[0]! } },
    ]);
    await sealAll(() => api.installation.em, api.installation.platform.installation);
  });
  after(() => api.stop());

  const search = async (query: string, cookie = auditor.cookie): Promise<AuditPage> => {
    const { status, body, text } = await api.ask<AuditPage>('GET', `/api/v1/audit${query}`, { cookie });
    assert.equal(status, 200, text);
    return body;
  };
  const types = ({ items }: AuditPage) => items.map(({ type }) => type).toSorted();

  it('tells who, what, on what, from where, outcome and request', async () => {
    const { items } = await search('?requestId=create-Lund&type=tenant.created');
    assert.equal(items.length, 1);
    assert.partialDeepStrictEqual(items[0], {
      type: 'tenant.created',
      outcome: 'success',
      actor: { kind: 'user', email: 'owner@example.org', keyId: null },
      target: { kind: 'tenant', id: tenants[1] },
      tenant: { id: tenants[1], name: 'Lund' },
      origin: { userAgent: 'curl/8' },
      requestId: 'create-Lund',
    });
    assert.ok((items[0]?.sequence ?? 0) >= 1 && items[0]?.hash?.length === 64);
  });

  it('finds by each filter, and page by page', async () => {
    const of = `tenantId=${tenants[0]}`;
    assert.deepEqual(types(await search(`?${of}`)), ['run.opened', 'tenant.created']);
    assert.deepEqual(types(await search(`?${of}&type=run.`)), ['run.opened']);
    assert.deepEqual(types(await search(`?targetKind=tenant&targetId=${tenants[0]}`)), ['tenant.created']);
    assert.deepEqual(types(await search(`?targetId=${tenants[0]}`)), ['tenant.created']);
    assert.ok((await search('?targetKind=tenant')).items.length === 2);
    assert.ok((await search('?actor=owner@example.org')).items.length >= 4);
    assert.equal((await search('?actor=nobody@example.org')).items.length, 0);
    assert.deepEqual(types(await search(`?${of}&search=PROVISION`)), ['run.opened']);
    assert.equal((await search(`?${of}&search=100%25`)).items.length, 0, 'a sign of the pattern is a letter here');
    assert.equal((await search('?outcome=failed')).items.length, 0);
    assert.equal((await search('?from=2099-01-01T00:00:00Z')).items.length, 0);
    assert.ok((await search('?chain=platform')).items.every(({ tenant }) => tenant === null));
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: AuditPage = await search(`?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    assert.deepEqual(
      seen,
      seen.toSorted((one, other) => Number(other) - Number(one)),
    );
    assert.equal(new Set(seen).size, seen.length);
  });

  it('shows people of one tenant that tenant alone, in searches and in exports', async () => {
    const { items } = await search('', ofOneTenant.cookie);
    assert.deepEqual([...new Set(items.map(({ tenant }) => tenant?.id))], [tenants[0]]);
    assert.equal((await search(`?tenantId=${tenants[1]}`, ofOneTenant.cookie)).items.length, 0);
    for (const query of ['', `?tenantId=${tenants[1]}`]) {
      const { text } = await api.ask('GET', `/api/v1/audit/export${query}`, { cookie: ofOneTenant.cookie });
      assert.ok(!text.includes(tenants[1]!));
    }
    assert.equal((await api.ask('GET', '/api/v1/audit/verification', { cookie: ofOneTenant.cookie })).status, 403);
    const exports = await search('?type=audit.exported');
    assert.ok(!exports.items.some(({ tenant }) => tenant?.id === tenants[1]), 'nor writes into the chain of another');
  });

  it('exports what verifies, tells that it did, and gives the keys to it', async () => {
    const { platform } = api.installation;
    for (const format of ['jsonl', 'csv'] as const) {
      const { text, headers } = await api.ask('GET', `/api/v1/audit/export?format=${format}&origins=clear`, {
        cookie: auditor.cookie,
      });
      assert.match(headers['content-disposition'] ?? '', new RegExp(`filename="audit-all-.*\\.${format}"`));
      assert.match(text, /curl\/8/);
      const file = join(platform.configuration.dataDir, `download.${format}`);
      await writeFile(file, text);
      const keys = await listKeys(api.installation.em);
      const { findings, entries, chains } = await verifyExport(readExport(file), {
        keys,
        anchors: openAnchors(platform.configuration.audit.anchor),
      });
      assert.deepEqual(findings, []);
      assert.ok(entries >= 4 && chains >= 2);
    }
    assert.equal((await search('?type=audit.exported')).items.length, 2 + 2, 'two of everything, two of one tenant');
    const published = await api.ask<{ keys: { kid: string }[] }>('GET', '/api/v1/audit/keys', {
      cookie: auditor.cookie,
    });
    assert.equal(published.body.keys.length, 1);
  });

  it('exports twenty thousand entries without holding them', async function () {
    this.timeout(60_000);
    await api.installation.asAdmin(
      null,
      `insert into events (stream, version, type, data) select 'audit:many-' || n, 1, 'test.many', '{"text": "some data of an entry"}' from generate_series(1, 20000) n`,
    );
    await sealAll(() => api.installation.em, api.installation.platform.installation);
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const response = await fetch(`${api.url}/api/v1/audit/export`, { headers: { cookie: auditor.cookie } });
    let [bytes, highest] = [0, 0];
    for await (const piece of response.body!) {
      bytes += (piece as Uint8Array).length;
      highest = Math.max(highest, process.memoryUsage().heapUsed - before);
    }
    assert.ok(bytes > 10_000_000, `${bytes} bytes`);
    assert.ok(highest < 80_000_000, `${Math.round(highest / 1e6)} MB of heap for ${Math.round(bytes / 1e6)} MB`);
  });

  it('has a worker verify everything when somebody asks, and says when it did', async () => {
    await api.installation.startWorker();
    const asked = await api.ask('POST', '/api/v1/audit/verification', { cookie: auditor.cookie });
    assert.equal(asked.status, 202, asked.text);
    const verified = await api.installation.until('the verification', 30_000, async () => {
      const { body } = await api.ask<AuditVerification>('GET', '/api/v1/audit/verification');
      return !body.underWay && body.unsealed.count === 0 && body.latest;
    });
    assert.equal(verified.outcome, 'intact', JSON.stringify(verified));
    await api.installation.asAdmin(
      null,
      `update events set data = '{"plan":"other"}' where type = 'tenant.created' and tenant_id = $1`,
      [tenants[1]],
    );
    await api.ask('POST', '/api/v1/audit/verification');
    const broken = await api.installation.until('the next verification', 30_000, async () => {
      const { body } = await api.ask<AuditVerification>('GET', '/api/v1/audit/verification');
      return body.latest?.outcome === 'broken' && body.latest;
    });
    assert.partialDeepStrictEqual(broken.findings, [{ kind: 'edited', chain: tenants[1] }]);
  });

  it('has no personal data in what is kept of an event in clear', async () => {
    const rows = await api.installation.asAdmin<{ row: string }>(
      null,
      `select row_to_json(e)::text as row from events e where data->>'text' is null`,
    );
    assert.doesNotMatch(rows.map(({ row }) => row).join('\n'), /owner@example|curl\/8|127\.0\.0\.1/);
  });

  it('tells of what happens in one transaction with it, or not at all', async () => {
    const stream = `audit:gone-${newId()}` as const;
    await assert.rejects(
      api.installation.em.transactional(async (em) => {
        await appendEvent(em, { stream, type: 'test.gone', tenantId: null }, theSystem);
        throw new Error('rolled back');
      }),
    );
    assert.equal((await search('?type=test.gone')).items.length, 0);
  });
});
