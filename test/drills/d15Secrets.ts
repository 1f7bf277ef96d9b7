import { randomBytes } from 'node:crypto';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkout } from '#local/paths.ts';
import { openPlatform } from '#domain/platform.ts';
import { recallSecret } from '#domain/secrets/resourceSecrets.ts';
import { SealedPayloads } from '#temporal/payloadCodec.ts';
import { startSpanReceiver } from '#test/observability/spanReceiver.ts';
import { packHistory } from '#test/replay/packedHistories.ts';
import type { Breach, Drill, DrillRoom, Outcome } from './drill.ts';
import { Ground } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import { stories } from './killMatrix/stories.ts';
import type { Story } from './killMatrix/story.ts';
import { SecretScan, type Secret } from './secretScan.ts';

const patienceMs = 90_000;
const ofTenants = stories.filter(({ ends }) => ends.tenant !== null);

/** Secrets and personal data go through every workflow, fail on the way, and are looked for in everything that was written. */
export const secretsStayHidden: Drill = {
  id: 'D15',
  title: 'secret canaries through every workflow, then a scan of all stores',
  full: (room) => drill(room, stories, 3),
  subset: (room) => drill(room, room.random.some(ofTenants, 1), 1),
};

async function drill({ servers, say }: DrillRoom, chosen: readonly Story[], each: number): Promise<Outcome> {
  const collector = await startSpanReceiver();
  const logFile = join(await mkdtemp(join(tmpdir(), 'drill-logs-')), 'worker.log');
  const ground = await Ground.open(servers, {
    TENANTRY_LOG_LEVEL: 'trace',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  ground.invitesAll = true;
  try {
    const tracing = pathToFileURL(join(checkout, 'observability', 'register.ts')).href;
    await ground.startWorker({}, { logFile, imports: [tracing] });
    const secrets = new Map<string, Secret>();
    for (const story of chosen) await walk(ground, story, each, secrets);
    for (const secret of keysOf(ground)) secrets.set(secret.what, secret);
    await ground.ask('checkpoint');

    const scan = new SecretScan([...secrets.values()]);
    const leaks = [
      ...scanSeesNothing(),
      ...(await scan.findInFolder(servers.postgresFolder)),
      ...(await scan.findInFolder(servers.temporalFolder)),
      ...(await scan.findInFolder(ground.installation.configuration.dataDir)),
      ...(await scan.findInFolder(join(logFile, '..'))),
      ...(await findInRows(ground, scan)),
      ...scan.find(Buffer.from(JSON.stringify(collector.spans))).map((what) => `${what} in a trace`),
    ];
    const telling = await proseInTemporal(servers.temporalFolder);
    const logged = (await stat(logFile)).size;
    if (logged === 0 || collector.spans.length === 0)
      leaks.push('nothing was logged or traced, so nothing was looked at');
    const megabytes = Math.round(scan.scannedBytes / 2 ** 20);
    say(`${secrets.size} secrets looked for in ${megabytes} MB, among them ${collector.spans.length} spans`);
    return {
      figures: [
        { what: 'secrets', value: secrets.size, unit: '', limit: { atLeast: 1 } },
        { what: 'megabytes scanned', value: megabytes, unit: '', limit: { atLeast: 1 } },
        { what: 'spans scanned', value: collector.spans.length, unit: '', limit: { atLeast: 1 } },
      ],
      breaches: [
        ...[...leaks, ...telling].map((what) => ({ rule: 'I8', what })),
        ...(await brokenInvariants(ground)),
        ...(await readableAfterItsKey(ground)),
      ],
    };
  } finally {
    await ground.close();
    await collector.stop();
  }
}

/** Takes tenants through a story, and notes what must stay secret while it is there: a removal takes its own along. */
async function walk(ground: Ground, story: Story, each: number, secrets: Map<string, Secret>): Promise<void> {
  const labels = Array.from({ length: each }, () => 'With secrets');
  const tenants = (await story.prepare?.(ground, labels)) ?? labels.map(() => null);
  await noteSecrets(ground, secrets);
  const begun = await Promise.all(tenants.map((tenant) => story.open(ground, tenant, 'With secrets')));
  const tenantIds = begun.map(({ subject }) => subject);
  // Late on its way, when everything that the workflow makes is there.
  const halt = story.places[Math.floor(story.places.length / 2)]!.position;
  await ground.worker.plan(tenantIds.map((tenantId) => ({ tenantId, halt, fail: story.fails })));
  const halted = ground.worker.allHalted(tenantIds, patienceMs);
  await Promise.all(begun.map(({ runId }) => ground.start(runId)));
  const missing = await halted;
  if (missing.length > 0) throw new Error(`${story.title}: ${missing.length} runs did not come to their place`);
  await noteSecrets(ground, secrets);
  await ground.worker.goOn();
  await ground.settled(tenantIds, patienceMs);
}

async function noteSecrets(ground: Ground, secrets: Map<string, Secret>): Promise<void> {
  const { installation } = ground;
  const note = (what: string, text: string) => secrets.set(what, { what, bytes: Buffer.from(text) });
  for (const { tenantId, email, adminName } of ground.acknowledged) {
    const key = await installation.platform.tenantKeys.find(tenantId); // gone with a tenant that was removed
    if (key) secrets.set(`key ${tenantId}`, { what: `the key of ${tenantId}`, bytes: Buffer.from(key.key) });
    if (email) note(`the address of the admin of ${tenantId}`, email);
    if (adminName) note(`the name of the admin of ${tenantId}`, adminName);
  }
  const kept = await ground.ask<{ tenantId: string; resourceId: string; name: string }>(`
    select r.tenant_id as "tenantId", s.resource_id as "resourceId", s.name
    from resource_secrets s join resources r on r.id = s.resource_id`);
  for (const secret of kept) {
    const text = await recallSecret(installation.em, installation.platform.tenantKeys, secret);
    if (!text) continue; // removed a moment ago
    const inside = text.startsWith('{') ? ((JSON.parse(text) as { d?: string }).d ?? text) : text;
    note(`the ${secret.name} of ${secret.resourceId}`, inside);
  }
}

/** What opens everything else. */
function keysOf({ installation }: Ground): Secret[] {
  const { configuration, platform } = installation;
  const passwords = [
    configuration.appDatabaseUrl,
    configuration.provisionerDatabaseUrl,
    configuration.readerDatabaseUrl,
  ]
    .filter((url) => url !== null)
    .map((url) => ({ what: `the password of ${new URL(url).username}`, bytes: Buffer.from(new URL(url).password) }));
  return [
    { what: 'the master key', bytes: configuration.masterKey },
    { what: 'the key of the platform', bytes: platform.installation.keyring.platformKey },
    ...passwords,
  ];
}

/** The rows as text: large values are packed inside the server's files. */
async function findInRows(ground: Ground, scan: SecretScan): Promise<string[]> {
  const stores = await ground.ask<{ database_name: string }>('select database_name from data_stores');
  const found: string[] = [];
  for (const database of [null, ...stores.map((store) => store.database_name)]) {
    const tables = await ground.installation.asAdmin<{ name: string }>(
      database,
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of tables) {
      const rows = await ground.installation.asAdmin<{ row: string }>(database, `select t::text as row from ${name} t`);
      found.push(...scan.find(Buffer.from(rows.map(({ row }) => row).join('\n'))).map((what) => `${what} in ${name}`));
    }
  }
  return found;
}

/** Reasons and titles tell of customers' troubles: histories hold them sealed. */
const proseInTemporal = (folder: string): Promise<string[]> =>
  new SecretScan(
    ['The test says no.', 'Create the sign-in realm'].map((text) => ({ what: `“${text}”`, bytes: Buffer.from(text) })),
  ).findInFolder(folder);

/** A scan that cannot find what is there proves nothing. */
function scanSeesNothing(): string[] {
  const bytes = randomBytes(24);
  const scan = new SecretScan([{ what: 'planted', bytes }]);
  const noise = () => randomBytes(1_000);
  const hidden = {
    raw: bytes,
    hex: Buffer.from(bytes.toString('hex')),
    base64: Buffer.from(Buffer.concat([Buffer.from('ab'), bytes, Buffer.from('c')]).toString('base64')),
    base64url: Buffer.from(Buffer.concat([Buffer.from('a'), bytes]).toString('base64url')),
    gzip: gzipSync(Buffer.concat([noise(), bytes])),
  };
  return Object.entries(hidden)
    .filter(([, dress]) => scan.find(Buffer.concat([noise(), dress, noise()])).length === 0)
    .map(([dress]) => `the scan does not see what is hidden as ${dress}`);
}

/** With its key goes what was written with it: also for who holds the master key and the histories. */
async function readableAfterItsKey(ground: Ground): Promise<Breach[]> {
  const { installation } = ground;
  const tenant = await ground.create('Whose key goes');
  await ground.settled([tenant.tenantId], patienceMs);
  const { temporal } = await installation.run(tenant.runId);
  const history = () => installation.temporal.client.workflow.getHandle(temporal.workflowId).fetchHistory();
  const { keyring } = installation.platform.installation;
  await packHistory(await history(), new SealedPayloads(keyring, installation.platform.tenantKeys));
  await ground.ask('update tenant_keys set wrapped = null, shredded_at = now() where tenant_id = $1', [
    tenant.tenantId,
  ]);
  const later = await openPlatform(installation.configuration);
  try {
    const codec = new SealedPayloads(later.installation.keyring, later.tenantKeys);
    const end = await packHistory(await history(), codec).then(
      () => 'read',
      (error: Error) => error.message,
    );
    return /is gone$/.test(end) ? [] : [{ rule: 'I8', what: `the history of a tenant without its key was ${end}` }];
  } finally {
    await later.close();
  }
}
