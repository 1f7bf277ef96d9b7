import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { arrivalRoutes } from '#api/routeTable/arrivals.ts';
import type { Arrival } from '#contracts/backups/arrivals.ts';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { newRequestKey, writeHandOver } from '#domain/backups/arriving/handOver.ts';
import { folderOf } from '#domain/backups/format/manifest.ts';
import { fingerprintOf } from '#contracts/backups/arrivals.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import type { ApiInstallation } from '../apiInstallation.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** What another installation would hand over of this tenant, and its backup where arrivals are read. */
export async function handedOver({ installation }: ApiInstallation, tenantId: string, { request }: Arrival) {
  const backup = await keepBackup(installation, tenantId);
  const { place, arrivals } = installation.configuration.backups;
  const folder = folderOf({ tenantId, backupId: backup });
  await cp(join(place, folder), join(arrivals, folder), { recursive: true });
  const { platform, em } = installation;
  return writeHandOver(
    { installation: randomUUID(), arrival: request.arrival, tenant: tenantId, backup },
    { key: await platform.tenantKeys.of(tenantId), publicKey: request.publicKey },
    { signer: await signerOf(em, platform.installation), keys: await listKeys(em), at: new Date().toISOString() },
  );
}

/** Of the right shape, and nothing else. */
export const anyRequest = {
  ...{ v: 1, kind: 'arrival-request', installation: randomUUID(), arrival: randomUUID() },
  ...{ publicKey: 'A'.repeat(43), until: '2100-01-01T00:00:00Z' },
};
const anyId = randomUUID();
export const anyHandOver = {
  ...{ v: 1, kind: 'hand-over', installation: anyId, arrival: anyId, tenant: anyId, backup: anyId, key: anyId },
  ...{ at: '2026-01-01T00:00:00Z', ephemeral: 'A'.repeat(43), sealed: 'AAAA', kid: 'A'.repeat(43), signature: 'AAAA' },
  signers: [{ kid: 'A'.repeat(43), x: 'A'.repeat(43) }],
};

/** A success for every route by which tenants go and come. */
export function arrivalCases(world: World): Record<keyof typeof arrivalRoutes, RouteCase> {
  const ask = async () => {
    const { status, body, text } = await world.api.ask('POST', '/api/v1/arrivals');
    assert.equal(status, 201, text);
    return body as Arrival;
  };
  const params = () => ({ tenantId: world.active.tenantId });
  const given = async () => {
    const { publicKey } = newRequestKey();
    const request = {
      ...{ v: 1, kind: 'arrival-request', installation: randomUUID(), arrival: randomUUID(), publicKey },
      until: new Date(Date.now() + 60_000).toISOString(),
    };
    const backupId = await keepBackup(world.api.installation, world.active.tenantId);
    return { backupId, request, fingerprint: await fingerprintOf(publicKey) };
  };

  return {
    askForTenant: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.partialDeepStrictEqual(body, { state: 'asked', tenantId: null }),
    },
    listArrivals: {
      async succeeds() {
        await ask();
        return {};
      },
      shows: ({ body }) => assert.partialDeepStrictEqual((body['items'] as object[])[0], { state: 'asked' }),
    },
    planArrival: {
      async succeeds() {
        const arrival = await ask();
        const file = await handedOver(world.api, world.active.tenantId, arrival);
        return { params: { arrivalId: arrival.id }, body: { file } };
      },
      shows: ({ body }) => assert.partialDeepStrictEqual(body, { tenantId: world.active.tenantId, schemaVersion: 1 }),
    },
    bringTenant: {
      async succeeds() {
        const arrival = await ask();
        const file = await handedOver(world.api, world.active.tenantId, arrival);
        return { params: { arrivalId: arrival.id }, body: { file, signer: file.kid, name: 'Brought here' } };
      },
      async shows({ body }) {
        assert.notEqual(body['tenantId'], world.active.tenantId);
        assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
      },
    },
    withdrawArrival: {
      succeeds: async () => ({ params: { arrivalId: (await ask()).id } }),
      shows: ({ text }) => assert.equal(text, ''),
    },
    handOverBackup: {
      succeeds: async () => ({ params: params(), body: await given() }),
      shows: ({ body }) => assert.partialDeepStrictEqual(body['file'], { kind: 'hand-over', ...{ v: 1 } }),
    },
    listHandOvers: {
      async succeeds() {
        const path = `/api/v1/tenants/${world.active.tenantId}/hand-overs`;
        const { status, text } = await world.api.ask('POST', path, { body: await given() });
        assert.equal(status, 201, text);
        return { params: params() };
      },
      shows: ({ body }) => assert.ok((body['items'] as object[]).length >= 1),
    },
  };
}
