import assert from 'node:assert/strict';
import pg from 'pg';
import type { Problem } from '#contracts/problems.ts';
import type { RunStarted } from '#contracts/runs.ts';
import type { Manifest, TenantPage } from '#contracts/tenants.ts';
import { ApiInstallation, type Answer } from './apiInstallation.ts';

const tenants = '/api/v1/tenants';

describe('creating tenants', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(() => api.stop());

  const count = async (what: string): Promise<number> => {
    const [row] = await api.installation.asAdmin<{ count: string }>(null, `select count(*) from ${what}`);
    return Number(row?.count);
  };
  const create = (body: object, headers: Record<string, string> = {}): Promise<Answer<RunStarted & Problem>> =>
    api.ask('POST', tenants, { body, headers });

  it('of 100 at once for one slug creates one and refuses 99 with addresses that are free', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => create({ name: `Racer ${i}`, slug: 'racer', externalId: `race-${i}` })),
    );
    const statuses = Map.groupBy(answers, ({ status }) => status);
    assert.deepEqual([...statuses].map(([status, all]) => [status, all.length]).sort(), [
      [202, 1],
      [409, 99],
    ]);
    for (const { body } of statuses.get(409)!) {
      assert.equal(body.code, 'slug_taken');
      assert.deepEqual(body.suggestions, ['racer-2', 'racer-3', 'racer-4']);
      assert.deepEqual(body.fields, [{ path: 'slug', message: 'is taken' }]);
    }
    assert.equal(await count(`tenants where name like 'Racer%'`), 1);
    assert.equal(await count(`tenant_addresses where slug like 'racer%'`), 1);
    assert.equal(await count(`runs r join tenants t on t.id = r.tenant_id where t.name like 'Racer%'`), 1);
  });

  it('of 30 at once with one name numbers their addresses', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => create({ name: 'Twin & Söhne' })));
    assert.ok(answers.every(({ status }) => status === 202));
    const slugs = answers.map(({ body }) => body.slug).sort();
    assert.equal(new Set(slugs).size, 30);
    assert.ok(slugs.every((slug) => /^twin-and-sohne(-\d+)?$/.test(slug)));
  });

  it('refuses a taken external id and leaves its owner alone', async () => {
    assert.equal((await create({ name: 'First', externalId: 'crm-1' })).status, 202);
    const second = await create({ name: 'Second', externalId: 'crm-1' });
    assert.equal(second.status, 409);
    assert.equal(second.body.code, 'external_id_taken');
    assert.equal(await count(`tenants where external_id = 'crm-1'`), 1);
    const plan = await api.refusal('POST', `${tenants}/plan`, { body: { name: 'Second', externalId: 'crm-1' } });
    assert.equal(plan.code, 'external_id_taken');
  });

  it('shows a tenant that is not active yet to nobody but the platform', async () => {
    const { body } = await create({ name: 'Hidden', slug: 'hidden' });
    assert.equal((await api.ask('GET', `${tenants}/${body.tenantId}`)).body['state'], 'provisioning');
    for (const path of [
      '/api/v1/portals/hidden',
      `/t/${body.tenantId}/.well-known/jwks.json`,
      `/t/${body.tenantId}/.well-known/openid-configuration`,
    ]) {
      const answer = await api.ask('GET', path, { cookie: null });
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
    const gone = await api.ask('GET', '/api/v1/portals/never-was', { cookie: null });
    const hidden = await api.ask('GET', '/api/v1/portals/hidden', { cookie: null });
    const { requestId: _a, ...first } = gone.body;
    const { requestId: _b, ...second } = hidden.body;
    assert.deepEqual(first, second);
  });

  it('refuses to change or remove what is being changed, and to remove without the typed address', async () => {
    const { body } = await create({ name: 'Busy', slug: 'busy' });
    const wrong = await api.refusal('DELETE', `${tenants}/${body.tenantId}`, { body: { confirm: 'Busy' } });
    assert.equal(wrong.code, 'confirmation_mismatch');
    assert.equal(wrong.fields?.[0]?.path, 'confirm');
    const removal = await api.refusal('DELETE', `${tenants}/${body.tenantId}`, { body: { confirm: 'busy' } });
    assert.equal(removal.code, 'run_in_progress');
    assert.equal(removal.runId, body.runId);
    assert.equal((await api.refusal('POST', `/api/v1/runs/${body.runId}/try-again`)).code, 'run_not_repeatable');
  });

  it('is found by name without accents, by slug, external id and label, page by page', async () => {
    for (const name of ['Université d’Orléans', 'Universität Zürich', 'Universidade de São Paulo'])
      await create({ name, labels: { kind: 'university', place: name.slice(-6) } });
    const find = async (query: string): Promise<TenantPage> =>
      (await api.ask<TenantPage>('GET', `${tenants}?${query}`)).body;
    assert.deepEqual(
      (await find('q=orleans')).items.map(({ name }) => name),
      ['Université d’Orléans'],
    );
    assert.deepEqual(
      (await find('q=universitat-zurich')).items.map(({ slug }) => slug),
      ['universitat-zurich'],
    );
    assert.equal((await find(`q=${encodeURIComponent('label:kind=university')}`)).total, 3);
    assert.equal((await find('state=active')).total, 0);

    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: TenantPage = await find(`q=universi&sort=name&limit=1${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, ['Universidade de São Paulo', 'Universität Zürich', 'Université d’Orléans']);
  });

  describe('with an Idempotency-Key', () => {
    const withKey = (key: string) => ({ 'idempotency-key': key });

    it('creates once and answers every repetition alike, whatever the order of the fields', async () => {
      const first = await create({ name: 'Once', labels: { a: '1', b: '2' } }, withKey('once-1'));
      const second = await create({ labels: { b: '2', a: '1' }, name: 'Once' }, withKey('once-1'));
      assert.equal(second.status, 202);
      assert.deepEqual(second.body, first.body);
      assert.equal(await count(`tenants where name = 'Once'`), 1);
    });

    it('refuses another body with 422, and a key that is none with 400', async () => {
      await create({ name: 'Used' }, withKey('used'));
      const other = await create({ name: 'Other' }, withKey('used'));
      assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
      for (const key of ['', 'a b', 'x'.repeat(256)]) {
        const refused = await create({ name: 'Bad key' }, withKey(key));
        assert.deepEqual([refused.status, refused.body.fields?.[0]?.path], [400, 'Idempotency-Key'], key);
      }
      assert.equal(await count(`tenants where name in ('Other', 'Bad key')`), 0);
    });

    it('keeps a refusal too, so that a repetition cannot do what the first could not', async () => {
      const { body } = await create({ name: 'Holder', slug: 'holder' });
      const first = await create({ name: 'Wants it', slug: 'holder' }, withKey('refused'));
      assert.equal(first.body.code, 'slug_taken');
      await api.installation.asAdmin(null, `delete from tenant_addresses where tenant_id = '${body.tenantId}'`);
      const second = await create({ name: 'Wants it', slug: 'holder' }, withKey('refused'));
      const { requestId: _a, ...before } = first.body;
      const { requestId: _b, ...after } = second.body;
      assert.deepEqual(after, before);
      assert.equal(await count(`tenants where name = 'Wants it'`), 0, 'the attempt itself left nothing');
    });

    it('of many at once carries out one; the others are told to wait or get its answer', async () => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => create({ name: 'Storm' }, withKey('storm'))));
      const ids = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body.tenantId));
      assert.equal(ids.size, 1);
      for (const { status, body, headers } of answers)
        if (status !== 202) {
          assert.deepEqual([status, body.code], [409, 'idempotency_in_flight']);
          assert.equal(headers['retry-after'], '1');
        }
      assert.equal((await create({ name: 'Storm' }, withKey('storm'))).body.tenantId, [...ids][0]);
      assert.equal(await count(`tenants where name = 'Storm'`), 1);
    });

    it('D17 in small: 400 requests with 40 keys, repeated and in parallel, make 40 tenants', async () => {
      const shuffled = Array.from({ length: 400 }, (_, i) => i % 40).sort(() => Math.random() - 0.5);
      const answers = new Map<number, Set<string>>();
      const send = async (key: number): Promise<void> => {
        const { status, body } = await create({ name: `Drill ${key}` }, withKey(`drill-${key}`));
        if (status === 409) return send(key);
        assert.equal(status, 202);
        answers.set(key, (answers.get(key) ?? new Set()).add(body.tenantId));
      };
      const queue = [...shuffled];
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          for (let key = queue.pop(); key !== undefined; key = queue.pop()) await send(key);
        }),
      );
      assert.equal(answers.size, 40);
      assert.ok([...answers.values()].every((ids) => ids.size === 1));
      assert.equal(await count(`tenants where name like 'Drill %'`), 40);
    });

    it('forgets a key after a day', async () => {
      const first = await create({ name: 'Yesterday' }, withKey('day'));
      await api.installation.asAdmin(
        null,
        `update idempotency_keys set created_at = now() - interval '25 hours' where key = 'day'`,
      );
      const second = await create({ name: 'Yesterday' }, withKey('day'));
      assert.equal(second.status, 202);
      assert.notEqual(second.body.tenantId, first.body.tenantId);
    });
  });
}).timeout(60_000);

describe("a tenant's manifest", () => {
  let api: ApiInstallation;
  let tenantId: string;
  before(async () => {
    api = await ApiInstallation.start();
    await api.installation.startWorker();
    ({ tenantId } = await api.installation.provision({ name: 'Open' }));
  });
  after(() => api.stop());

  it('tells the password when it is asked for, which opens the database and leaves an event', async () => {
    const { body } = await api.ask<Manifest>('GET', `${tenants}/${tenantId}/manifest?reveal=true`, {
      headers: { 'x-request-id': 'reveal-1' },
    });
    assert.equal(body.revealed, true);
    const database = body.resources.find(({ kind }) => kind === 'database')!.values;
    const client = new pg.Client({
      host: database['host']!,
      port: Number(database['port']),
      database: database['database']!,
      user: database['role']!,
      password: database['password']!,
    });
    await client.connect();
    const { rows } = await client.query<{ role: string }>('select current_user as role');
    await client.end();
    assert.equal(rows[0]?.role, database['role']);
    assert.doesNotMatch(JSON.stringify(body), /"d":|private/i);

    const events = await api.installation.asAdmin<{ data: unknown; actor_id: string; request_id: string }>(
      null,
      `select data, actor_id, request_id from events where type = 'tenant.secrets_revealed' and tenant_id = $1`,
      [tenantId],
    );
    assert.equal(events.length, 1);
    assert.equal(events[0]?.request_id, 'reveal-1');
    assert.deepEqual(events[0]?.data, { kinds: ['database'] });
    assert.match(events[0].actor_id, /./);
    assert.doesNotMatch(api.logLines.join(''), new RegExp(database['password']!));
  });

  it('is refused for a word that is neither true nor false', async () => {
    for (const word of ['1', 'yes', 'TRUE', ''])
      assert.equal(
        (await api.refusal('GET', `${tenants}/${tenantId}/manifest?reveal=${word}`)).fields?.[0]?.path,
        'reveal',
      );
  });

  it('lets a label change of a running tenant through many at once without running out of connections', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        api.ask('PATCH', `${tenants}/${tenantId}`, {
          body: { labels: { n: String(i) }, admin: { email: `a${i}@example.org` } },
        }),
      ),
    );
    assert.ok(
      answers.every(({ status }) => status === 200),
      answers.find(({ status }) => status !== 200)?.text,
    );
  });
}).timeout(60_000);
