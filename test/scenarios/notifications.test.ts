import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { NewNotificationTarget, NotificationTarget } from '#contracts/tasks.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { queueNotices } from '#domain/notifications/queueNotifications.ts';
import { addTarget, listTargets, queueTest } from '#domain/notifications/targets.ts';
import { openTask } from '#domain/tasks/openTask.ts';
import type { RunningWorker } from '#workers/worker.ts';
import { TestInstallation } from '../servers/installation.ts';

interface Call {
  headers: IncomingMessage['headers'];
  body: string;
}

describe('telling people that they are needed', () => {
  let installation: TestInstallation;
  let url: string;
  const calls: Call[] = [];
  let answer: (response: ServerResponse) => void;
  const mails: { to: string; text: string }[] = [];
  let refusals: number[] = [];

  const listener = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      calls.push({ headers: request.headers, body });
      answer(response);
    });
  });
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo(_address, _session, done) {
      const responseCode = refusals.shift();
      done(responseCode ? Object.assign(new Error('The test says no.'), { responseCode }) : null);
    },
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.once('end', () => {
        mails.push({ to: session.envelope.rcptTo[0]?.address ?? '', text });
        done();
      });
    },
  });

  before(async () => {
    smtp.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`;
    installation = await TestInstallation.start({
      SMTP_URL: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
      TENANTRY_WEBHOOKS_TO_PRIVATE_NETWORKS: 'true',
    });
  });
  after(async () => {
    await installation.stop();
    listener.closeAllConnections();
    listener.close();
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  });
  beforeEach(async () => {
    await installation.asAdmin(null, 'delete from notification_targets');
    calls.length = 0;
    mails.length = 0;
    refusals = [];
    answer = (response) => void response.writeHead(204).end();
  });

  const keyring = () => installation.platform.installation.keyring;
  const add = (wanted: Partial<NewNotificationTarget>) =>
    installation.em.transactional((em) =>
      addTarget(
        em,
        keyring(),
        { channel: 'webhook', title: 'Pager', address: url, kinds: ['orphans'], ...wanted } as NewNotificationTarget,
        theSystem,
      ),
    );
  /** Each is about something else, so each is a task of its own. */
  const ask = async () => {
    const { tenantId } = await installation.createTenant({ name: 'Secretive Ltd' });
    const reason = { code: 'orphans', text: 'Something is there that nobody knows.' };
    return installation.em.transactional((em) =>
      openTask(em, { kind: 'orphans', runId: null, tenantId, title: 'Something is left over', reason }),
    );
  };
  const settled = (is: (target: NotificationTarget) => boolean) =>
    installation.until('the notification to be settled', 30_000, async () => {
      const [target] = await listTargets(installation.em, keyring());
      return target && is(target) ? target : null;
    });
  const recent = ({ recent: [newest] }: NotificationTarget) => newest;
  const isDueNow = () =>
    installation.asAdmin(null, `update notifications set next_attempt_at = now() where state = 'waiting'`);
  const assertSigned = ({ headers, body }: Call, secret: string | null) => {
    const key = Buffer.from(String(secret).replace('whsec_', ''), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  };

  describe('with a worker', () => {
    let worker: RunningWorker;
    before(async () => {
      worker = await installation.startWorker();
    });
    after(() => worker.stop());

    it('reaches a webhook, signed, with ids and a link and nothing of the customer', async () => {
      const { secret } = await add({});
      const taskId = await ask();
      await settled((target) => recent(target)?.state === 'sent');
      assert.equal(calls.length, 1);
      const [call] = calls;
      assertSigned(call!, secret);
      assert.partialDeepStrictEqual(JSON.parse(call!.body), {
        type: 'task.opened',
        data: {
          taskId,
          kind: 'orphans',
          title: 'Something is left over',
          url: `http://localhost:4400/tasks/${taskId}`,
        },
      });
      assert.doesNotMatch(call!.body, /Secretive/i);
    });

    it('reaches a mail box, once, and not those who want to know of other kinds', async () => {
      await add({ channel: 'mail', address: 'on-call@example.org' });
      await add({ channel: 'mail', address: 'other@example.org', kinds: ['drift'] });
      const taskId = await ask();
      await settled((target) => recent(target)?.state === 'sent');
      assert.deepEqual(
        mails.map(({ to }) => to),
        ['on-call@example.org'],
      );
      assert.match(mails[0]!.text, new RegExp(`/tasks/${taskId}`));
      assert.doesNotMatch(mails[0]!.text, /Secretive/i);
    });

    it('tells of what nobody has to do anything about too, to those who want to know of it', async () => {
      const { secret } = await add({ kinds: ['license_reminder'] });
      const [tenantId, licenseId, endsAt] = [randomUUID(), randomUUID(), '2031-06-30T12:00:00.000Z'];
      const notice = { tenantId, licenseId, product: 'suite', endsAt };
      await installation.em.transactional((em) =>
        queueNotices(em, [
          { kind: 'license_reminder', ...notice, days: -7 },
          { kind: 'license_expired', ...notice, lapse: 'blocked' },
        ]),
      );
      const target = await settled((one) => recent(one)?.state === 'sent');
      assert.partialDeepStrictEqual(recent(target), { taskId: null, notice: 'license_reminder' });
      assert.equal(calls.length, 1);
      assertSigned(calls[0]!, secret);
      assert.partialDeepStrictEqual(JSON.parse(calls[0]!.body), {
        type: 'license.reminder',
        data: { ...notice, days: -7, url: `http://localhost:4400/licenses/${licenseId}` },
      });
    });

    it('is tried again after an outage, under the same id, and is not told what it said', async () => {
      answer = (response) => void response.writeHead(503).end('internal details');
      await add({});
      await ask();
      const waiting = await settled((target) => recent(target)?.attempts === 1 && recent(target)?.lastError !== null);
      assert.partialDeepStrictEqual(recent(waiting), { state: 'waiting', lastError: 'The address answered 503.' });
      answer = (response) => void response.writeHead(200).end();
      await isDueNow();
      await settled((target) => recent(target)?.state === 'sent');
      assert.equal(calls.length, 2);
      assert.equal(calls[0]!.headers['webhook-id'], calls[1]!.headers['webhook-id']);
    });

    it('is tried again while the mail server cannot take it, and given up, visibly, when it never will', async () => {
      refusals = [451];
      await add({ channel: 'mail', address: 'on-call@example.org' });
      await ask();
      await settled((target) => recent(target)?.lastError !== null);
      refusals = [550];
      await isDueNow();
      const dead = await settled(({ dead }) => dead === 1);
      assert.match(recent(dead)?.lastError ?? '', /refused the mail for good \(550\)/);
      assert.equal(mails.length, 0);
    });

    it('is given up after its last attempt, and at once where nobody listens any more', async () => {
      answer = (response) => void response.writeHead(500).end();
      await add({});
      await ask();
      await settled((target) => recent(target)?.lastError !== null);
      await installation.asAdmin(null, `update notifications set attempts = 8, next_attempt_at = now()`);
      const dead = await settled((target) => target.dead === 1);
      assert.equal(recent(dead)?.attempts, 9);

      await installation.asAdmin(null, 'delete from notification_targets');
      answer = (response) => void response.writeHead(410).end();
      await add({});
      await ask();
      assert.equal(recent(await settled((target) => target.dead === 1))?.attempts, 1);
    });

    it('follows no redirect', async () => {
      answer = (response) => void response.writeHead(302, { location: `${url}/elsewhere` }).end();
      await add({});
      await ask();
      await settled((target) => recent(target)?.lastError === 'The address answered 302.');
      assert.equal(calls.length, 1);
    });

    it('can be tried by a test, which is no task', async () => {
      const { target } = await add({});
      await installation.em.transactional((em) => queueTest(em, keyring(), target.id));
      await settled((one) => recent(one)?.state === 'sent');
      assert.equal((JSON.parse(calls[0]!.body) as { type: string }).type, 'test');
    });
  });

  it('reaches nobody in a private network unless that is permitted', async () => {
    const worker = await installation.startWorkerProcess({ TENANTRY_WEBHOOKS_TO_PRIVATE_NETWORKS: 'false' });
    try {
      await add({});
      await ask();
      const waiting = await settled((target) => recent(target)?.lastError !== null);
      assert.match(recent(waiting)?.lastError ?? '', /private network/);
      assert.equal(calls.length, 0);
    } finally {
      await worker.kill();
    }
  });

  it('is told again, under the same id, when the worker was killed between sending and noting it', async () => {
    const worker = await installation.startWorkerProcess();
    const arrived = new Promise<void>((resolve) => (answer = () => resolve()));
    await add({});
    await ask();
    await arrived;
    await worker.kill();
    answer = (response) => void response.writeHead(204).end();
    assert.equal(recent((await listTargets(installation.em, keyring()))[0]!)?.state, 'waiting');
    await isDueNow();
    await installation.startWorkerProcess();
    const sent = await settled((target) => recent(target)?.state === 'sent');
    assert.equal(recent(sent)?.attempts, 2);
    assert.equal(calls.length, 2);
    assert.equal(calls[0]!.headers['webhook-id'], calls[1]!.headers['webhook-id']);
    assert.equal(calls[0]!.body, calls[1]!.body);
  });
});
