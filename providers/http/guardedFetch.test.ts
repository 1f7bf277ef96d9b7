import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guardedFetch, retryAfterMs } from './guardedFetch.ts';
import { mayBeCalled } from './networks.ts';

describe('a guarded call', () => {
  const servers: Server[] = [];
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  after(() => servers.forEach((server) => server.close()));
  const call = (url: string, more: object = {}) =>
    guardedFetch(
      { url, headers: { 'content-type': 'application/json' }, body: '{"a":1}', timeoutMs: 2_000, ...more },
      own,
    );
  const own = { toPrivateNetworks: true };

  it('brings the body, and the answer back', async () => {
    const url = await serve((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', () => response.writeHead(201, { 'x-said': 'yes' }).end(`got ${text}`));
    });
    const { status, headers, text } = await call(url);
    assert.deepEqual([status, headers['x-said'], text], [201, 'yes', 'got {"a":1}']);
  });

  it('reaches no address of this network unless that is permitted, by whatever name', async () => {
    const url = await serve((_request, response) => response.end('inside'));
    const { port } = new URL(url);
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0x7f000001',
      '2130706433',
      '[fe80::1]',
    ])
      await assert.rejects(
        guardedFetch(
          { url: `http://${host}:${port}/`, headers: {}, body: '', timeoutMs: 2_000 },
          { toPrivateNetworks: false },
        ),
        { name: 'NoAnswer', why: 'address_forbidden' },
        host,
      );
  });

  it('tells public addresses from others', () => {
    const outside = ['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:8.8.8.8'];
    const inside = [
      '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.9.9.9', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1',
      '198.18.0.1', '203.0.113.7', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1',
      'ff02::1', '64:ff9b::a00:1', '2002:a00:1::', '2001:db8::1', '::ffff:10.0.0.1', '::ffff:a00:1', 'name', '',
    ]; // prettier-ignore
    for (const address of outside) assert.ok(mayBeCalled(address, { toPrivateNetworks: false }), address);
    for (const address of inside) assert.ok(!mayBeCalled(address, { toPrivateNetworks: false }), address);
    for (const address of ['10.1.2.3', '127.0.0.1', 'fd12::1', '::1']) assert.ok(mayBeCalled(address, own), address);
    for (const address of ['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254', 'fd00:ec2::254'])
      assert.ok(!mayBeCalled(address, own), `${address}: where machines find their own secrets`);
  });

  it('takes a redirect for the answer that it is', async () => {
    let followed = false;
    const target = await serve((_request, response) => {
      followed = true;
      response.end();
    });
    const url = await serve((_request, response) => response.writeHead(307, { location: target }).end());
    assert.equal((await call(url)).status, 307);
    assert.equal(followed, false);
  });

  it('says that it reached somebody before it says anything, and not when nobody listens', async () => {
    const order: string[] = [];
    const url = await serve((_request, response) => {
      order.push('served');
      response.end();
    });
    const reached = async () => void order.push('reached');
    await call(url, { reached });
    assert.deepEqual(order, ['reached', 'served']);
    const { port } = new URL(await serve(() => undefined));
    const gone = servers.pop();
    await new Promise((resolve) => gone?.close(resolve));
    await assert.rejects(call(`http://127.0.0.1:${port}`, { reached }), { why: 'unreachable', host: '127.0.0.1' });
    await assert.rejects(call('http://nowhere.invalid/', { reached }), { why: 'name_unknown' });
    assert.deepEqual(order, ['reached', 'served']);
  });

  it('gives up at its deadline and at too much of an answer', async () => {
    const silent = await serve(() => undefined);
    await assert.rejects(call(silent, { timeoutMs: 150 }), { why: 'timeout' });
    const slow = await serve((_request, response) => void response.write('x'));
    await assert.rejects(call(slow, { timeoutMs: 150 }), { why: 'timeout' });
    const endless = await serve((_request, response) => void response.end(Buffer.alloc(300_000)));
    await assert.rejects(call(endless), { why: 'answer_too_large' });
    for (const server of servers) server.closeAllConnections();
  });

  it('reads how long it shall wait', () => {
    assert.equal(retryAfterMs({ 'retry-after': '120' }), 120_000);
    assert.equal(
      retryAfterMs({ 'retry-after': 'Fri, 21 Nov 2026 10:00:10 GMT' }, Date.parse('2026-11-21T10:00:00Z')),
      10_000,
    );
    assert.equal(retryAfterMs({ 'retry-after': 'soon' }), null);
    assert.equal(retryAfterMs({}), null);
  });
});
