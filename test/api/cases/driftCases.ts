import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from './routeCases.ts';

const inAWeek = () => new Date(Date.now() + 7 * 86_400_000).toISOString();

/** Comparing resources with what was made, and what is done about a difference. */
export function driftCases(
  world: World,
): Record<
  | 'listDriftFindings'
  | 'startDriftCheck'
  | 'repairDriftFinding'
  | 'acceptDriftFinding'
  | 'listOrphans'
  | 'startOrphanSweep'
  | 'acceptOrphan'
  | 'removeOrphan'
  | 'unlockOrphans',
  RouteCase
> {
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

  /** An empty bucket of a tenant that was removed, as a sweep finds it. */
  async function orphan(): Promise<string> {
    const { installation } = world.api;
    const { tenantId, slug } = await installation.provision({ name: 'To leave something' });
    await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    const bucket = join(installation.configuration.storageDir, bucketNameOf(tenantId));
    await rm(bucket);
    await mkdir(bucket);
    await installation.asAdmin(
      null,
      `update resources set updated_at = now() - interval '1 day' where tenant_id = '${tenantId}'`,
    );
    await isOver((await world.api.ask('POST', '/api/v1/orphans/sweeps')).body);
    const { body } = await world.api.ask<{ items: { id: string; tenantId: string }[] }>(
      'GET',
      '/api/v1/orphans/findings',
    );
    const found = body.items.find((item) => item.tenantId === tenantId);
    assert.ok(found);
    return found.id;
  }

  return {
    startOrphanSweep: {
      succeeds: async () => ({}),
      async shows({ body }) {
        assert.equal((await isOver(body)).state, 'succeeded');
      },
    },
    listOrphans: {
      async succeeds() {
        await orphan();
        return {};
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, { what: 'Storage bucket', why: 'unmarked', state: 'open' });
        assert.equal(body['lock'], null);
      },
    },
    acceptOrphan: {
      succeeds: async () => ({
        params: { findingId: await orphan() },
        body: { reason: 'Kept for the audit', until: inAWeek() },
      }),
      shows: ({ body }) => assert.equal(body['state'], 'accepted'),
    },
    removeOrphan: {
      succeeds: async () => ({ params: { findingId: await orphan() } }),
      async shows({ body }) {
        assert.equal((await isOver(body)).state, 'succeeded');
      },
    },
    unlockOrphans: {
      async succeeds() {
        await world.api.installation.asAdmin(
          null,
          `update installations set sweep_locked_at = now(), sweep_lock_reason = 'x'`,
        );
        return { body: { reason: 'Looked at' } };
      },
      shows: ({ body }) => assert.equal(body['lock'], null),
    },
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
