import assert from 'node:assert/strict';
import { v7 as newId } from 'uuid';
import type { recoveryRoutes } from '#api/routeTable/recoveries.ts';
import { beginBase, noteArchive, noteBaseProven } from '#domain/physical/serverBackups.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** Tenants out of the whole server as it was at a moment. Only the API is told that the server is backed up: what a worker does with it is tested apart. */
export function recoveryCases(world: World): Record<keyof typeof recoveryRoutes, RouteCase> {
  /** A tenant of its own, and a moment that the registry believes to be reachable. */
  const recoverable = async (name: string) => {
    const { installation } = world.api;
    const id = await beginBase(installation.em);
    const stoppedAt = new Date(Date.now() - 3_600_000);
    await noteBaseProven(installation.em, id, { stoppedAt, files: 900, bytes: 2e9, storedBytes: 5e8 }, []);
    const { tenantId, slug } = await installation.provision({ name });
    await installation.asAdmin(null, `update tenants set created_at = now() - interval '1 day' where id = $1`, [
      tenantId,
    ]);
    return { tenantId, slug, at: new Date(Date.now() - 1_000).toISOString() };
  };
  const ends = async (runId: unknown) => {
    const run = await world.api.installation.runIsOver(String(runId));
    assert.deepEqual([run.kind, run.state], ['recoverTenant', 'rolled_back']);
    assert.match(run.reason ?? '', /TENANTRY_PHYSICAL_BACKUP is off/);
  };

  /** On for the one request alone: schedules and others see that it is off. */
  const whileOn = ({ succeeds, shows }: RouteCase): RouteCase => ({
    async succeeds() {
      world.physical.kind = 'lowlevel';
      return succeeds();
    },
    async shows(answer) {
      world.physical.kind = 'off';
      await shows(answer);
    },
  });

  const cases: Record<keyof typeof recoveryRoutes, RouteCase> = {
    readRecoveryState: {
      async succeeds() {
        await recoverable('Seen in the whole');
        const baseId = newId();
        const gap = { timeline: 1, first: '000000010000000000000004', last: '000000010000000000000004' };
        await noteArchive(world.api.installation.em, {
          ...{ reachesFrom: null, reachesUntil: null, segments: 7, storedBytes: 1e6, waiting: 1, gaps: [gap] },
          ...{ failing: null, windows: [{ baseId, from: '2026-11-01T00:00:00.000Z', until: '2026-11-01T01:00:00.000Z', gap: gap.first }] }, // prettier-ignore
        });
        return {};
      },
      shows({ body }) {
        assert.partialDeepStrictEqual(body, { segments: 7, waiting: 1, basesKept: 2, reach: { kind: 'lowlevel' } });
        assert.partialDeepStrictEqual((body['bases'] as object[])[0], { state: 'proven', files: 900, bytes: 2e9 });
      },
    },
    listTenantRecoveries: {
      async succeeds() {
        const { tenantId, at } = await recoverable('Recovered and listed');
        const asked = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/recoveries/copy`, { body: { at } });
        assert.equal(asked.status, 202, asked.text);
        await ends(asked.body['runId']);
        return { params: { tenantId } };
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, { mode: 'copy', state: 'rolled_back', reason: { code: 'physical_off' } });
      },
    },
    planTenantRecovery: {
      async succeeds() {
        const { tenantId, at } = await recoverable('Planned to be recovered');
        return { params: { tenantId }, body: { at, mode: 'in_place' } };
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual(body, { mode: 'in_place', wayBackDays: 7, problems: [], base: { bytes: 2e9 } }),
    },
    recoverTenantInPlace: {
      async succeeds() {
        const { tenantId, slug, at } = await recoverable('Recovered in place');
        return { params: { tenantId }, body: { at, confirm: slug } };
      },
      shows: ({ body }) => ends(body['runId']),
    },
    recoverTenantBeside: {
      async succeeds() {
        const { tenantId, at } = await recoverable('Recovered beside');
        return { params: { tenantId }, body: { at, name: 'As it was' } };
      },
      shows: ({ body }) => ends(body['runId']),
    },
    copyTenantOfMoment: {
      async succeeds() {
        const { tenantId, at } = await recoverable('Copied out of the past');
        return { params: { tenantId }, body: { at } };
      },
      shows: ({ body }) => ends(body['runId']),
    },
  };
  return Object.fromEntries(Object.entries(cases).map(([id, one]) => [id, whileOn(one)])) as typeof cases;
}
