import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import type { AnchorPlace } from '#domain/audit/anchors/anchorPlace.ts';
import { beginningOf, type KeptEntry } from '#domain/audit/chain.ts';
import { entriesOfChain, entryOf } from '#domain/audit/eventRows.ts';
import { exportAudit } from '#domain/audit/exporting/exportAudit.ts';
import { readExport } from '#domain/audit/exporting/readExport.ts';
import { exportFormats, type ExportFormat, type ExportRecord } from '#domain/audit/exporting/records.ts';
import { writeExport } from '#domain/audit/exporting/writeExport.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import type { Finding, FindingKind } from '#domain/audit/verifying/findings.ts';
import { verifyExport } from '#domain/audit/verifying/verifyExport.ts';
import { verifyRegistry } from '#domain/audit/verifying/verifyRegistry.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { tamperings, type Tampered, type Tampering } from '#test/audit/tampering.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import { Ground } from '../ground.ts';

const patienceMs = 60_000;
/** What an old copy takes along. */
const tables = ['events', 'audit_chains', 'audit_heads'];

/** Entries of the audit are changed, taken away, added, moved and cut off, in the registry and in exports of it: each is named. */
export const auditTampering: Drill = {
  id: 'D16',
  title: 'the audit edited, deleted from, reordered, inserted into, cut and restored from an old copy',
  full: (room) => drill(room, { tenants: 6, rounds: 5, chosen: tamperings, formats: exportFormats }),
  subset: (room) =>
    drill(room, {
      tenants: 2,
      rounds: 1,
      chosen: room.random.some(tamperings, 5),
      formats: [room.random.one(exportFormats)],
    }),
};

interface Extent {
  tenants: number;
  rounds: number;
  chosen: readonly Tampering[];
  formats: readonly ExportFormat[];
}

async function drill({ servers, random, say }: DrillRoom, extent: Extent): Promise<Outcome> {
  const ground = await Ground.open(servers);
  try {
    await ground.startWorker();
    for (let one = 0; one < extent.tenants; one++) await ground.create(`Audited ${one}`);
    await ground.settled(null, patienceMs);
    await ground.worker.kill();
    const tampering = new Audited(ground);
    await tampering.seal();
    for (let batch = 0; batch < 4; batch++) await tampering.more();
    const breaches = await tampering.saysWholeIs();
    let done = 0;
    for (let round = 0; round < extent.rounds; round++)
      for (const one of extent.chosen) {
        const chain = random.one(await tampering.chains());
        const entries = await tampering.entriesOf(chain);
        const tampered = one.apply(entries, beginningOf(tampering.installationId, chain), random);
        const where = `${one.title} in ${entries.length} entries`;
        if (!one.onlyInFiles)
          breaches.push(...missed(where, 'the registry', tampered, await tampering.inRegistry(chain, tampered)));
        for (const format of extent.formats)
          breaches.push(...missed(where, format, tampered, await tampering.inExport(chain, tampered, format)));
        done += 1;
      }
    breaches.push(...(await tampering.cutWithItsHeads()), ...(await tampering.oldCopy()));
    say(`${done} tamperings in the registry and in ${extent.formats.join(' and ')}`);
    return { figures: [{ what: 'tamperings', value: done, unit: '', limit: { atLeast: 1 } }], breaches };
  } finally {
    await ground.close();
  }
}

/** The audit of a ground, to be tampered with and put back. */
class Audited {
  readonly #ground: Ground;
  readonly #place: AnchorPlace;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#place = openAnchors(ground.installation.configuration.audit.anchor);
  }

  get installationId(): string {
    return this.#installation.id;
  }

  get #installation() {
    return this.#ground.installation.platform.installation;
  }

  async seal(): Promise<void> {
    await sealAll(() => this.#ground.installation.em, this.#installation);
    await anchorHeads(this.#ground.installation.em, this.#installation, this.#place);
  }

  async chains(): Promise<string[]> {
    const long = await this.#ground.ask<{ chain: string }>(
      'select chain from audit_chains where sequence >= 6 order by chain',
    );
    return long.map(({ chain }) => chain);
  }

  async entriesOf(chain: string): Promise<KeptEntry[]> {
    const kept = await entriesOfChain(this.#ground.installation.em, chain, { after: 0, limit: 100_000 });
    return kept.map((row) => ({ entry: entryOf(row, Number(row.sequence)), hash: row.hash! }));
  }

  /** What nobody touched must not be called otherwise. */
  async saysWholeIs(): Promise<Breach[]> {
    const whole = [
      ...(await this.#verify()),
      ...(await this.inExport('', null, 'jsonl')),
      ...(await this.inExport('', null, 'csv')),
    ];
    return whole.map(({ text }) => ({ rule: 'D16', what: `an audit that nobody touched: ${text}` }));
  }

  /** The chain's rows as a superuser writes them, who heeds no index; then as they were. */
  async inRegistry(chain: string, { entries }: Tampered): Promise<Finding[]> {
    const whole = await this.entriesOf(chain);
    await this.#ground.ask('drop index if exists events_chained');
    await this.#write(chain, entries);
    try {
      return await this.#verify();
    } finally {
      await this.#write(chain, whole);
    }
  }

  /** A file with the tampered entries in the place of the chain's own. */
  async inExport(chain: string, tampered: Tampered | null, format: ExportFormat): Promise<Finding[]> {
    const { registry } = this.#ground.installation.platform;
    const wish = { chains: null, from: null, to: null, clearOrigins: true };
    const instead = tampered?.entries ?? null;
    async function* records(): AsyncGenerator<ExportRecord> {
      let isDone = false;
      for await (const record of exportAudit(registry, ground.installation.platform.installation, wish)) {
        if (!instead || record.record !== 'entry' || record.entry.chain !== chain) yield record;
        else if (!isDone) {
          isDone = true;
          for (const { entry, hash } of instead) yield { record: 'entry', hash: hash.toString('hex'), entry };
        }
      }
    }
    const ground = this.#ground;
    const file = join(this.#ground.installation.configuration.dataDir, `export.${format}`);
    await writeFile(file, writeExport(records(), format));
    const keys = await listKeys(this.#ground.installation.em);
    return (await verifyExport(readExport(file), { keys, anchors: this.#place })).findings;
  }

  /** Whoever cuts the heads off with the entries leaves a chain that is whole: only the anchor knows better. */
  async cutWithItsHeads(): Promise<Breach[]> {
    await this.#keepCopy();
    const [chain] = await this.chains();
    const [cut] = await this.#ground.ask<{ sequence: string; hash: Buffer }>(
      'select sequence, hash from audit_heads where chain = $1 order by sequence limit 1',
      [chain],
    );
    await this.more();
    await this.#ground.ask(`delete from events where coalesce(tenant_id::text, 'platform') = $1 and sequence > $2`, [
      chain,
      cut?.sequence,
    ]);
    await this.#ground.ask('delete from audit_heads where chain = $1 and sequence > $2', [chain, cut?.sequence]);
    await this.#ground.ask('update audit_chains set sequence = $2, hash = $3 where chain = $1', [
      chain,
      cut?.sequence,
      cut?.hash,
    ]);
    const without = await verifyRegistry(this.#ground.installation.platform.registry, this.#installation, noAnchors);
    const found = await this.#verify();
    return [
      ...named('a tail that was cut with its heads', ['cut'], found, chain),
      ...without.findings.map(({ text }) => ({
        rule: 'D16',
        what: `without anchors a cut tail cannot be known, and yet: ${text}`,
      })),
    ];
  }

  /** The copy from before it, at once and after more has happened. */
  async oldCopy(): Promise<Breach[]> {
    await this.#restoreCopy();
    const atOnce = await this.#verify();
    await this.more();
    return [
      ...named('an old copy', ['restored', 'cut'], atOnce),
      ...named('an old copy that was gone on with', ['restored'], await this.#verify()),
    ];
  }

  /** Something happens to each tenant and to the platform, and is sealed and anchored. */
  async more(): Promise<void> {
    const tenants = await this.#ground.ask<{ id: string }>('select id from tenants');
    for (const tenantId of [null, ...tenants.map(({ id }) => id)])
      for (let one = 0; one < 3; one++)
        await this.#ground.installation.em.transactional((em) =>
          appendEvent(em, { stream: `audit:drill-${newId()}`, type: 'drill.happened', tenantId }, theSystem),
        );
    await this.seal();
  }

  async #keepCopy(): Promise<void> {
    for (const table of tables) await this.#ground.ask(`create table old_${table} as table ${table}`);
  }

  async #restoreCopy(): Promise<void> {
    for (const table of tables) {
      await this.#ground.ask(`delete from ${table}`);
      const overriding = table === 'events' ? 'overriding system value' : '';
      await this.#ground.ask(`insert into ${table} ${overriding} select * from old_${table}`);
    }
  }

  async #verify(): Promise<Finding[]> {
    const { registry } = this.#ground.installation.platform;
    return (await verifyRegistry(registry, this.#installation, this.#place)).findings;
  }

  async #write(chain: string, entries: KeptEntry[]): Promise<void> {
    await this.#ground.ask(`delete from events where coalesce(tenant_id::text, 'platform') = $1`, [chain]);
    const copies = entries.map(({ entry: { actor, target, origin, ...entry }, hash }) => ({
      ...entry,
      ...{
        actor_kind: actor.kind,
        actor_id: actor.user,
        key_id: actor.key,
        target_kind: target.kind,
        target_id: target.id,
      },
      origin: origin && Buffer.from(origin.sealed, 'base64url').toString('hex'),
      hash: hash.toString('hex'),
    }));
    await this.#ground.ask(
      `insert into events (id, stream, version, type, schema_version, tenant_id, data, actor_kind, actor_id, key_id, target_kind, target_id,
                           request_id, trace_id, origin, outcome, outcome_code, created_at, sequence, hash)
       overriding system value
       select id, stream, version, type, schema, tenant, data, actor_kind, actor_id, key_id, target_kind, target_id, request, trace,
              decode(origin, 'hex'), outcome, code, at, sequence, decode(hash, 'hex')
       from jsonb_to_recordset($1) as e (id bigint, stream text, version int, type text, schema int, tenant uuid, data jsonb,
         actor_kind text, actor_id uuid, key_id uuid, target_kind text, target_id text, request text, trace text, origin text,
         outcome text, code text, at timestamptz, sequence bigint, hash text)
`,
      [JSON.stringify(copies)],
    );
  }
}

const noAnchors: AnchorPlace = { ...openAnchors('/nowhere'), async *lines() {} };

function missed(what: string, where: string, { kinds, from, to }: Tampered, findings: Finding[]): Breach[] {
  const isNamed = findings.some((one) => kinds.includes(one.kind) && (one.from ?? 0) <= to && (one.to ?? 0) >= from);
  const said = findings.map(({ kind, from, to }) => `${kind} ${from}–${to}`).join(', ') || 'nothing';
  return isNamed ? [] : [{ rule: 'D16', what: `${what} (${from}–${to}) in ${where}: ${said} was said` }];
}

function named(what: string, kinds: FindingKind[], findings: Finding[], chain?: string): Breach[] {
  const said = findings.map(({ kind, text }) => `${kind}: ${text}`).join('; ') || 'nothing';
  const isNamed = findings.some((one) => kinds.includes(one.kind) && (chain === undefined || one.chain === chain));
  return isNamed ? [] : [{ rule: 'D16', what: `${what}: ${said} was said` }];
}
