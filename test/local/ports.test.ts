import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { freePorts, portFrom, settlePort } from '#local/ports.ts';

const hold = (): Promise<{ server: Server; port: number }> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });

describe('ports', () => {
  let taken: { server: Server; port: number };
  before(async () => {
    taken = await hold();
  });
  after(() => {
    taken.server.close();
  });

  it('names a taken port and the variable that changes it', async () => {
    await assert.rejects(
      settlePort({ variable: 'TENANTRY_PORT', what: 'Tenantry', chosen: taken.port }),
      (error: Error) => {
        assert.match(error.message, new RegExp(`Port ${taken.port} \\(Tenantry\\) is taken`));
        assert.match(error.message, /TENANTRY_PORT=/);
        return true;
      },
    );
  });

  it('gives way when nobody chose the usual port', async () => {
    const port = await settlePort({ variable: 'X', what: 'a server', usual: taken.port });
    assert.notEqual(port, taken.port);
    assert.ok(port > 0);
  });

  it('never gives the same free port out twice', async () => {
    const ports = await freePorts(40);
    assert.equal(new Set(ports).size, 40);
  });

  it('refuses what is no port, and takes 0 for any', () => {
    assert.throws(() => portFrom({ TENANTRY_PORT: '4400x' }, 'TENANTRY_PORT'), /TENANTRY_PORT must be a port/);
    assert.throws(() => portFrom({ TENANTRY_PORT: '70000' }, 'TENANTRY_PORT'), /between 0 and 65535/);
    assert.equal(portFrom({ TENANTRY_PORT: '0' }, 'TENANTRY_PORT'), undefined);
    assert.equal(portFrom({}, 'TENANTRY_PORT'), undefined);
    assert.equal(portFrom({ TENANTRY_PORT: '4400' }, 'TENANTRY_PORT'), 4400);
  });
});
