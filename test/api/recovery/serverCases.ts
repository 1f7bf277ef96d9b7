import assert from 'node:assert/strict';
import { noteServer } from '#domain/replication/serverRows.ts';
import { noteArchive, beginBase, noteBaseProven } from '#domain/physical/serverBackups.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** Database servers and their standbys. */
export function serverCases(world: World): Record<'listServers' | 'readServerArchive', RouteCase> {
  return {
    listServers: {
      async succeeds() {
        const seen = {
          host: '192.0.2.10',
          port: 5432,
          synchronous: false,
          primaryLsn: null,
          lagBytes: null,
          lagSeconds: null,
        };
        const identity = { systemIdentifier: '7301', timeline: 3, inRecovery: false, flushed: '0/5000000' };
        const { em } = world.api.installation;
        await noteServer(em, { ...seen, name: 'first', follows: null, identity, state: 'ok', reason: null });
        await noteServer(em, {
          ...{ ...seen, name: 'second', host: '192.0.2.11', follows: 'first', state: 'behind', reason: 'It is late.' },
          ...{
            identity: { ...identity, inRecovery: true, flushed: '0/4000000' },
            lagBytes: 16_777_216,
            lagSeconds: 12.5,
          },
          primaryLsn: '0/5000000',
        });
        return {};
      },
      async shows({ body }) {
        const items = body['items'] as Record<string, unknown>[];
        const second = items.find(({ name }) => name === 'second');
        assert.partialDeepStrictEqual(second, { role: 'standby', state: 'behind', follows: 'first', lagBytes: 16_777_216, lagSeconds: 12.5, timeline: 3 }); // prettier-ignore
        const { body: tasks } = await world.api.ask('GET', '/api/v1/tasks?kind=replication&state=open');
        assert.equal((tasks['items'] as object[]).length, 1);
        const { em } = world.api.installation;
        const again = { systemIdentifier: '7301', timeline: 3, inRecovery: true, flushed: '0/5000000' };
        await noteServer(em, { name: 'second', host: '192.0.2.11', port: 5432, follows: 'first', synchronous: false, primaryLsn: '0/5000000', lagBytes: 0, lagSeconds: 0, identity: again, state: 'ok', reason: null }); // prettier-ignore
        const { body: closed } = await world.api.ask('GET', '/api/v1/tasks?kind=replication&state=open');
        assert.equal((closed['items'] as object[]).length, 0, 'the task closes by itself');
      },
    },
    readServerArchive: {
      async succeeds() {
        const { em } = world.api.installation;
        const id = await beginBase(em);
        const stoppedAt = new Date('2026-11-22T00:50:00Z');
        await noteBaseProven(em, id, { stoppedAt, files: 1_000, bytes: 30_000_000, storedBytes: 4_000_000 }, []);
        await noteArchive(em, {
          ...{
            reachesFrom: '2026-11-22T00:50:00Z',
            reachesUntil: '2026-11-22T09:00:00Z',
            segments: 3,
            storedBytes: 48,
          },
          ...{ waiting: 1, gaps: [{ timeline: 1, first: 'A', last: 'B' }], failing: null, windows: [] },
        });
        return {};
      },
      async shows({ body }) {
        assert.partialDeepStrictEqual(body, {
          ...{ kind: 'off', bases: 1, lastFailedAt: null },
          newestBase: { reachesFrom: '2026-11-22T00:50:00.000Z', bytes: 30_000_000 },
          check: { reachesUntil: '2026-11-22T09:00:00.000Z', waiting: 1, gaps: 1, failing: null },
        });
        const { em } = world.api.installation;
        const whole = { reachesFrom: null, reachesUntil: null, segments: 0, storedBytes: 0, waiting: 0, gaps: [], failing: null, windows: [] }; // prettier-ignore
        assert.equal(await noteArchive(em, whole), true, 'what is well again closes its task');
      },
    },
  };
}
