import assert from 'node:assert/strict';
import { schemaNameOf } from '#domain/resources/names.ts';
import type { Answer } from './apiInstallation.ts';
import type { RouteCase, World } from './routeCases.ts';

const inAWeek = () => new Date(Date.now() + 7 * 86_400_000).toISOString();

/** Comparing resources with what was made, and what is done about a difference. */
export function driftCases(
  world: World,
): Record<'listDriftFindings' | 'startDriftCheck' | 'repairDriftFinding' | 'acceptDriftFinding', RouteCase> {
  const isOver = (body: Answer['body']) => world.api.installation.runIsOver(String(body['runId']));

  /** A difference of the active tenant that a check has found. */
  async function finding(plant: string): Promise<string> {
    await world.api.installation.asAdmin(null, plant);
    const check = await world.api.ask('POST', '/api/v1/drift/checks', { body: { tenantId: world.active.tenantId } });
    assert.equal((await isOver(check.body)).state, 'succeeded');
    const { body } = await world.api.ask<{ items: { id: string; state: string }[] }>(
      'GET',
      `/api/v1/drift/findings?state=open&tenantId=${world.active.tenantId}`,
    );
    assert.ok(body.items[0]);
    return body.items[0].id;
  }
  const role = () => schemaNameOf(world.active.tenantId);

  return {
    startDriftCheck: {
      succeeds: async () => ({ body: {} }),
      async shows({ body }) {
        const run = await isOver(body);
        assert.equal(run.state, 'succeeded');
        assert.equal(run.tenantId, null);
        assert.equal(run.progress?.done, run.progress?.total);
      },
    },
    listDriftFindings: {
      async succeeds() {
        await finding(`alter role ${role()} connection limit 7`);
        return {};
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, {
          what: `connection limit of role ${role()}`,
          expected: 'none',
          found: '7',
          repair: 'mend',
          state: 'open',
          tenant: { slug: 'abo' },
        });
        assert.ok(Number(body['openCount']) >= 1);
      },
    },
    acceptDriftFinding: {
      succeeds: async () => ({
        params: { findingId: await finding(`alter role ${role()} connection limit 7`) },
        body: { reason: 'Shut for the audit', until: inAWeek() },
      }),
      shows({ body }) {
        assert.equal(body['state'], 'accepted');
        assert.equal((body['accepted'] as { reason: string }).reason, 'Shut for the audit');
      },
    },
    repairDriftFinding: {
      succeeds: async () => ({
        params: {
          findingId: await finding(`alter role ${role()} valid until '2031-01-01'`),
        },
      }),
      async shows({ body }) {
        assert.equal((await isOver(body)).state, 'succeeded');
        assert.equal(body['slug'], 'abo');
      },
    },
  };
}
