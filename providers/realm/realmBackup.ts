import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { jsonLines, parsedLines } from '#domain/backups/format/jsonLines.ts';
import { unlessAborted } from '#domain/backups/format/unlessAborted.ts';
import { bringBackPeople } from '#domain/backups/people/bringBackPeople.ts';
import { HeldPerson, readPeople } from '#domain/backups/people/heldPeople.ts';
import type { Registry } from '#domain/database.ts';
import { tenantRealm, type Realm } from '#domain/people/realm.ts';
import { issuerOf, publishedKeys } from '#domain/realms.ts';
import { enterToEnsure } from '#domain/resources/fences.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import type { TenantKeys } from '#domain/secrets/tenantKeys.ts';
import { executeOn, rows } from '#domain/sql.ts';
import type { ResourceRef, ResourceSpec, Restored, RestoreSource, SnapshotPart } from '../provider.ts';

export interface RealmBackup {
  registry: Registry;
  keyring: Keyring;
  keys: TenantKeys;
  publicUrl: string;
}

/** What it publishes, and its people. Its private keys stay: whoever holds one signs as the issuer. */
export async function* snapshotRealm(
  of: RealmBackup,
  { tenantId }: ResourceRef,
  signal: AbortSignal,
): AsyncIterable<SnapshotPart> {
  const realm = await realmOf(of, tenantId);
  const em = of.registry.em.fork();
  await em.begin({ isolationLevel: 'repeatable read', readOnly: true });
  try {
    const published = await publishedKeys(em, tenantId);
    const at = new Date();
    const issuer = jsonLines([{ issuer: issuerOf(of.publicUrl, tenantId), ...published }]);
    yield {
      what: 'rows',
      name: 'issuer',
      at,
      about: { role: 'issuer' },
      pieces: issuer.pieces,
      held: () => ({ rows: issuer.count() }),
    };
    const people = jsonLines(readPeople(em, realm));
    const read = Promise.withResolvers<void>();
    async function* pieces(): AsyncIterable<Buffer> {
      try {
        yield* people.pieces;
      } finally {
        read.resolve();
      }
    }
    yield {
      what: 'rows',
      name: 'people',
      at,
      about: { role: 'people' },
      pieces: pieces(),
      held: () => ({ rows: people.count() }),
    };
    await unlessAborted(read.promise, signal); // the transaction is whose moment it is
  } finally {
    await em.rollback();
  }
}

/**
 * Brings back people who are gone, or of them those whose ids are chosen. Who is there stays as they are, with what lets them in now, and the realm
 * keeps its keys: what was changed since because it was not to be trusted must not come back.
 */
export async function restoreRealm(
  of: RealmBackup,
  spec: ResourceSpec,
  from: RestoreSource,
  signal: AbortSignal,
): Promise<Restored> {
  const realm = await realmOf(of, spec.tenantId);
  const chosen = from.only && new Set(from.only);
  const restored: Restored = { rows: 0, objects: 0, bytes: 0, leftOut: [] };
  await of.registry.em.fork().transactional(async (em) => {
    await enterToEnsure(executeOn(em), 'fences', spec);
    const [there] = await rows(em)`select 1 from realms where resource_id = ${spec.resourceId}`;
    if (!there)
      throw new DomainError('restore_refused', 'There is no realm of this tenant to restore into. It is made first.');
    for (const part of from.parts) {
      signal.throwIfAborted();
      restored.bytes += part.bytes;
      if (part.about?.['role'] !== 'people') {
        for await (const _line of parsedLines(from.open(part), z.unknown()));
        continue;
      }
      async function* wanted(): AsyncIterable<HeldPerson> {
        for await (const person of parsedLines(from.open(part), HeldPerson))
          if (chosen?.has(person.id) ?? true) yield person;
      }
      const done = await bringBackPeople(em, realm, wanted(), { isBeside: from.tenantId !== spec.tenantId });
      restored.rows += done.people;
      const leave = (count: number, what: string, why: string) => {
        if (count > 0) restored.leftOut.push({ what: `${count} ${what}`, why });
      };
      leave(done.stayed, 'people', 'they are there, and stay as they are now');
      leave(done.passkeysLeft, 'passkeys', 'another account has them');
    }
    signal.throwIfAborted();
  });
  return restored;
}

async function realmOf({ keyring, keys, publicUrl }: RealmBackup, tenantId: string): Promise<Realm> {
  const ground = { installation: { keyring }, configuration: { publicUrl } };
  // Nobody is written to from here: its name and address do not matter.
  return tenantRealm(ground, { tenantId, name: '', slug: '' }, await keys.of(tenantId));
}
