import assert from 'node:assert/strict';
import { NameServer, type Behaviour } from '#test/servers/nameServer.ts';
import { dnsTxtResolver } from './txtResolver.ts';

const name = '_tenantry-challenge.example.org';
const proof = 'tenantry-domain-verification=right';

describe('what the DNS says of a name', () => {
  const servers: NameServer[] = [];
  after(() => Promise.all(servers.map((server) => server.stop())));

  /** Asks name servers that behave so. */
  async function ask(behaviours: Behaviour[], deadlineMs = 900) {
    const own = await Promise.all(behaviours.map((behaviour) => NameServer.start(behaviour)));
    servers.push(...own);
    const began = performance.now();
    const answer = await dnsTxtResolver({ servers: own.map(({ address }) => address), deadlineMs }).txt(name);
    return { answer, own, ms: performance.now() - began };
  }

  it('is every record, each with all its strings put together', async () => {
    const { answer, own } = await ask([{ records: [['v=spf1 -all'], ['tenantry-domain-', 'verification=right']] }]);
    assert.deepEqual(answer, { state: 'found', records: ['v=spf1 -all', proof] });
    assert.equal(own[0]?.asked[0]?.name, name);
  });

  it('is nothing when the name is not there, or has no such record', async () => {
    assert.deepEqual((await ask([{ records: null }])).answer, { state: 'none' });
    assert.deepEqual((await ask([{ records: [] }])).answer, { state: 'none' });
  });

  it('is asked for again by TCP when it does not fit', async () => {
    const { answer, own } = await ask([{ records: [[proof]], truncates: true }]);
    assert.deepEqual(answer, { state: 'found', records: [proof] });
    assert.deepEqual(
      own[0]?.asked.map(({ by }) => by),
      ['udp', 'tcp'],
    );
  });

  it('is no answer when a server is silent, late, refuses or babbles, within the deadline', async () => {
    const behaviours: Behaviour[] = [
      { silent: true },
      { records: [[proof]], lateMs: 3_000 },
      { refuses: true },
      { garbage: true },
    ];
    for (const behaviour of behaviours) {
      const { answer, ms } = await ask([behaviour], 600);
      assert.deepEqual(answer, { state: 'no_answer' }, JSON.stringify(behaviour));
      assert.ok(ms < 1_500, `${ms} ms`);
    }
  });

  it('is not what somebody says who guesses the question', async () => {
    const { answer } = await ask([{ records: [[proof]], otherId: true }], 600);
    assert.deepEqual(answer, { state: 'no_answer' });
  });

  it('needs only those servers that answer', async () => {
    const { answer } = await ask([{ silent: true }, { records: [[proof]] }]);
    assert.deepEqual(answer, { state: 'found', records: [proof] });
  });

  it('is believed of no single server that lies', async () => {
    assert.deepEqual((await ask([{ records: [[proof]] }, { records: null }])).answer, { state: 'differs' });
    assert.deepEqual((await ask([{ records: [[proof]] }, { records: [['other']] }])).answer, { state: 'differs' });
    const { answer } = await ask([{ records: [[proof], ['a lie']] }, { records: [[proof]] }]);
    assert.deepEqual(answer, { state: 'found', records: [proof] });
  });
});
