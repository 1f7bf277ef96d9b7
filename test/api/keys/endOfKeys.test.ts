import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiKey, IssuedApiKey } from '#contracts/access/apiKeys.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { createLogger } from '#observability/logging.ts';
import { ApiInstallation, ask, type Answer, type Asking } from '../apiInstallation.ts';
import { makeKey, withKey } from '../cases/apiKeyCases.ts';

const keys = '/api/v1/api-keys';

describe('the end of an API key', () => {
  let api: ApiInstallation;
  let other: RunningApi;
  before(async () => {
    api = await ApiInstallation.start();
    const logger = createLogger('test', { level: 'fatal', pretty: false });
    other = await startApi(api.installation.configuration, { logger });
    await api.installation.startWorker();
    await api.installation.provision({ name: 'One' });
  });
  after(async () => {
    await other?.stop();
    await api?.stop();
  });

  const by = (key: string, method: string, path: string, asking: Asking = {}): Promise<Answer> =>
    ask(api.url, method, path, { ...asking, headers: { ...withKey(key).headers, ...asking.headers } });
  const codeOf = ({ body }: Answer) => (body as { code?: string }).code;

  describe('comes', () => {
    const plansBy = (origin: string, key: string) => ask(origin, 'GET', '/api/v1/plans', withKey(key));

    it('on every process within a second of its revocation', async () => {
      const { key, id } = await makeKey(api);
      assert.equal((await plansBy(other.url, key)).status, 200);
      assert.equal((await api.ask('DELETE', `${keys}/${id}`)).status, 204);
      assert.equal((await plansBy(api.url, key)).status, 401);
      await within(1_000, async () => (await plansBy(other.url, key)).status === 401);
      assert.equal((await api.ask('DELETE', `${keys}/${id}`)).status, 204);
    });

    it('within a second also when the process that revoked it died before it told anybody', async () => {
      const { key, id } = await makeKey(api);
      for (const { url } of [api, other]) assert.equal((await plansBy(url, key)).status, 200);
      await endByRows(`update api_keys set revoked_at = now() where id = '${id}'`);
      await within(1_000, async () =>
        (await Promise.all([api, other].map(({ url }) => plansBy(url, key)))).every(({ status }) => status === 401),
      );
    });

    it('at its time, also while it is in memory', async () => {
      const { key, id } = await makeKey(api);
      await api.installation.asAdmin(null, `update api_keys set expires_at = now() + interval '1.5 s' where id = $1`, [
        id,
      ]);
      assert.equal((await plansBy(api.url, key)).status, 200);
      await within(2_500, async () => (await plansBy(api.url, key)).status === 401);
      assert.equal((await api.ask<ApiKey>('GET', `${keys}/${id}`)).body.state, 'expired');
    });

    it('with its streams', async () => {
      const { key, id } = await makeKey(api, { permissions: ['runs:read'] });
      const runs = (await api.ask('GET', '/api/v1/runs')).body['items'] as { id: string }[];
      await api.installation.asAdmin(null, `update runs set state = 'running' where id = $1`, [runs[0]!.id]);
      const stream = by(key, 'GET', `/api/v1/runs/${runs[0]!.id}/events`);
      assert.equal(await Promise.race([stream.then(() => 'over'), sleep(300).then(() => 'open')]), 'open');
      await api.ask('DELETE', `${keys}/${id}`);
      const ended = await Promise.race([stream.then(() => true), sleep(2_000).then(() => false)]);
      assert.equal(ended, true);
    });
  });

  describe('by rotation', () => {
    const works = async (key: string) => (await by(key, 'GET', '/api/v1/plans')).status === 200;
    const rotate = (id: string, body: object): Promise<Answer> => api.ask('POST', `${keys}/${id}/rotate`, { body });

    it('into one that may the same, and both work until the overlap ends', async () => {
      const { key, id } = await makeKey(api, { perSecond: 50, days: 30 });
      const issued = (await rotate(id, {})).body as unknown as IssuedApiKey;
      assert.partialDeepStrictEqual(issued, { rotatedFrom: id, permissions: ['plans:read'], perSecond: 50 });
      assert.equal(Math.round((Date.parse(issued.expiresAt) - Date.now()) / 86_400_000), 30);
      assert.ok((await works(key)) && (await works(issued.key)));
      const old = (await api.ask<ApiKey>('GET', `${keys}/${id}`)).body;
      assert.equal(Math.round((Date.parse(old.retiresAt!) - Date.now()) / 3_600_000), 24);
      assert.equal(codeOf(await rotate(id, {})), 'api_key_over');
      await endByRows(`update api_keys set retires_at = now() where id = '${id}'`);
      await within(1_000, async () => !(await works(key)));
      assert.ok(await works(issued.key));
    });

    it('at once when there is no overlap', async () => {
      const { key, id } = await makeKey(api);
      assert.ok(await works(key));
      const issued = (await rotate(id, { overlapHours: 0 })).body as unknown as IssuedApiKey;
      assert.ok(!(await works(key)) && (await works(issued.key)));
    });

    it('by one of two at once', async () => {
      const { id } = await makeKey(api);
      const answers = await Promise.all([rotate(id, {}), rotate(id, {})]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    });
  });

  it('is not overlooked by what is in memory while changes cannot be heard of', async () => {
    const { key, id } = await makeKey(api);
    assert.equal((await by(key, 'GET', '/api/v1/plans')).status, 200);
    await api.installation.asAdmin(
      null,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'tenantry announcer' and datname = current_database()`,
    );
    await api.installation.asAdmin(null, 'update api_keys set revoked_at = now() where id = $1', [id]);
    await sleep(50);
    assert.equal((await by(key, 'GET', '/api/v1/plans')).status, 401);
  });

  /** As a process does that dies right after its commit: the rows change, and nobody is told. */
  async function endByRows(text: string): Promise<void> {
    await api.installation.asAdmin(
      null,
      `with ended as (${text} returning 1) update access_epoch set epoch = epoch + 1`,
    );
  }

  async function within(ms: number, isSo: () => Promise<boolean>): Promise<void> {
    await api.installation.until('it to be so', ms, isSo);
  }
});
