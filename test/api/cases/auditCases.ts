import assert from 'node:assert/strict';
import { sealAll } from '#domain/audit/sealing.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type AuditRoute = Extract<OperationId, `${string}Audit${string}`>;

export function auditCases(world: World): Record<AuditRoute, RouteCase> {
  const sealed = () => sealAll(() => world.api.installation.em, world.api.installation.platform.installation);
  return {
    listAuditEntries: {
      succeeds: async () => ({}),
      shows: ({ body }) => {
        const entries = body['items'] as { type: string; actor: { kind: string } }[];
        assert.ok(entries.length > 0);
        for (const { type, actor } of entries) assert.match(`${type} by ${actor.kind}`, /^[\w-]+\.[\w.-]+ by \w+$/);
      },
    },
    exportAuditEntries: {
      async succeeds() {
        await sealed();
        return {};
      },
      shows({ text, headers }) {
        assert.match(headers['content-disposition'] ?? '', /^attachment; filename="audit-all-[\d-]+\.jsonl"$/);
        const records = text
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { record: string }).record);
        assert.deepEqual([records[0], records.at(-1)], ['export', 'end']);
        assert.ok(records.includes('entry'));
      },
    },
    readAuditVerification: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.equal(body['everyHours'], 24),
    },
    startAuditVerification: {
      succeeds: async () => ({}),
      async shows({ body }) {
        assert.equal(body['underWay'], true);
        await world.api.installation.until('the verification', 20_000, async () => {
          const { body: now } = await world.api.ask<{ latest: { outcome: string } | null; underWay: boolean }>(
            'GET',
            '/api/v1/audit/verification',
          );
          return !now.underWay && now.latest?.outcome === 'intact';
        });
      },
    },
    listAuditKeys: {
      async succeeds() {
        await sealed();
        return {};
      },
      shows: ({ body }) => {
        const [key] = body['keys'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(key, { kty: 'OKP', crv: 'Ed25519', retiredAt: null });
      },
    },
  };
}
