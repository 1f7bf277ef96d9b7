import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { openPlatform } from '#domain/platform.ts';
import { recallSecret } from '#domain/secrets/resourceSecrets.ts';
import { DomainError } from '#contracts/errors.ts';
import { SealedPayloads } from '#temporal/payloadCodec.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';

const { History } = proto.temporal.api.history.v1;
const admin = { email: 'canary.7f3a@secrets.example', name: 'Canary Quetzalcoatl' };
const failure = 'A sentence about canary-9c1e that no history may tell.';

describe('secrets and personal data (drill D15, in small)', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;
  let canaries: Map<string, string>;
  const workflowIds: string[] = [];
  const histories = new Map<string, Buffer>();

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
    const { tenantId, slug, runId } = await installation.provision({ name: 'Secretive', admin });
    canaries = new Map([
      ["the admin's address", admin.email],
      ["the admin's name", admin.name],
    ]);
    for (const [provider, name] of [
      ['database', 'password'],
      ['realm', 'signing_key'],
    ] as const) {
      const [resource] = await installation.asAdmin<{ id: string }>(
        null,
        'select id from resources where tenant_id = $1 and provider = $2',
        [tenantId, provider],
      );
      const resourceId = resource?.id ?? '';
      const secret = await recallSecret(installation.em, installation.platform.tenantKeys, {
        tenantId,
        resourceId,
        name,
      });
      assert.ok(secret);
      canaries.set(name, name === 'signing_key' ? (JSON.parse(secret) as { d: string }).d : secret);
    }
    const [delivery] = await installation.asAdmin<{ id: string }>(
      null,
      'select id from runs where parent_run_id = $1',
      [runId],
    );
    await installation.runIsOver(delivery?.id ?? '');
    stepIn = async ({ at, when }) => {
      if (at === 'storage.ensure' && when === 'after') throw new DomainError('check_failed', failure);
    };
    const failed = await installation.createTenant({ name: 'Fails', admin });
    await installation.runIsOver(failed.runId);
    stepIn = async () => undefined;
    const removal = await installation.removeTenant(tenantId, slug);
    await installation.runIsOver(removal.runId);

    for (const id of [runId, delivery?.id ?? '', failed.runId, removal.runId]) {
      const { temporal } = await installation.run(id);
      workflowIds.push(temporal.workflowId);
      const handle = installation.temporal.client.workflow.getHandle(temporal.workflowId);
      await handle.result().catch(() => undefined);
      histories.set(temporal.workflowId, Buffer.from(History.encode(await handle.fetchHistory()).finish()));
    }
  });
  after(() => installation.stop());

  /** As it is, and in the dress of base64 (at each of its three offsets) and of hex. */
  const dressesOf = (text: string): Buffer[] => {
    const bytes = Buffer.from(text);
    const base64 = [0, 1, 2].map((offset) =>
      Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .slice(4, -4),
    );
    return [bytes, ...[...base64, bytes.toString('hex')].map((dress) => Buffer.from(dress))];
  };
  const found = (where: string, content: Buffer, words: Iterable<[string, string]> = canaries) =>
    [...words]
      .filter(([, text]) => dressesOf(text).some((dress) => content.includes(dress)))
      .map(([what]) => `${what} in ${where}`);

  it('are in no history, nor are failure texts', () => {
    assert.equal(histories.size, 4);
    for (const [id, history] of histories) {
      assert.ok(history.length > 1_000);
      assert.deepEqual(
        found(id, history, [...canaries, ['the failure', failure], ['a title', 'Create the sign-in']]),
        [],
      );
    }
  });

  it('are in no search attribute, memo or description', async () => {
    for (const id of workflowIds) {
      const { raw } = await installation.temporal.client.workflow.getHandle(id).describe();
      assert.deepEqual(found(id, Buffer.from(JSON.stringify(raw))), []);
    }
  });

  it('are in no row of the registry', async () => {
    const tables = await installation.asAdmin<{ name: string }>(
      null,
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    assert.ok(tables.length > 10);
    for (const { name } of tables) {
      const rows = await installation.asAdmin<{ row: string }>(null, `select t::text as row from ${name} t`);
      assert.deepEqual(found(name, Buffer.from(rows.map(({ row }) => row).join('\n'))), []);
    }
  });

  it('are in no file but the mail in the outbox', async () => {
    const { dataDir, outboxDir } = installation.configuration;
    let mails = 0;
    for (const name of await readdir(dataDir, { recursive: true })) {
      const path = join(dataDir, name);
      if (!(await stat(path)).isFile()) continue;
      const leaks = found(name, await readFile(path));
      if (path.startsWith(outboxDir)) mails += leaks.length > 0 ? 1 : 0;
      else assert.deepEqual(leaks, []);
    }
    assert.equal(mails, 1);
  });

  it('of one tenant cannot be decoded with the key of another, nor moved to it', async () => {
    const [a, b] = [
      await installation.createTenant({ name: 'Key A' }),
      await installation.createTenant({ name: 'Key B' }),
    ];
    const { installation: own, tenantKeys } = installation.platform;
    const codec = new SealedPayloads(own.keyring, tenantKeys);
    const workflowOf = (tenantId: string) =>
      ({ type: 'workflow', namespace: 'default', workflowId: `provisionTenant/${tenantId}/x` }) as never;
    const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"canary"') };
    const [sealedA] = await codec.encode([plain], workflowOf(a.tenantId));
    const [sealedB] = await codec.encode([plain], workflowOf(b.tenantId));
    assert.ok(sealedA && sealedB);
    const keyOf = (payload: typeof sealedA) => Buffer.from(payload.metadata?.['key-id'] ?? []).toString();
    assert.notEqual(keyOf(sealedA), keyOf(sealedB));
    assert.equal(Buffer.from((await codec.decode([sealedA]))[0]?.data ?? []).toString(), '"canary"');

    await codec.decode([sealedA], workflowOf(a.tenantId));
    await assert.rejects(codec.decode([sealedA], workflowOf(b.tenantId)), /belongs to another workflow/);
    await assert.rejects(codec.decode([{ ...sealedA, metadata: sealedB.metadata ?? null }]));
    const owned = { ...sealedA.metadata, owner: sealedB.metadata?.['owner'] ?? new Uint8Array() };
    await assert.rejects(codec.decode([{ ...sealedA, metadata: owned }]));
    await assert.rejects(codec.decode([{ ...sealedA, data: Buffer.from(sealedA.data ?? []).fill(1, 20, 21) }]));
  });

  it('are not opened with another master key, and the refusal says which one is wanted', async () => {
    await assert.rejects(
      openPlatform({ ...installation.configuration, masterKey: randomBytes(32) }),
      /The master key of this registry is [0-9a-f]{16}, but the key given is [0-9a-f]{16}/,
    );
  });
});
