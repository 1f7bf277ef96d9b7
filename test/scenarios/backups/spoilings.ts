import { randomBytes, randomUUID } from 'node:crypto';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '#contracts/errors.ts';
import { canonical } from '#domain/audit/canonical.ts';
import { signerOf } from '#domain/audit/signingKeys.ts';
import { signStatement } from '#domain/audit/statements.ts';
import {
  folderOf,
  indexKeyOf,
  manifestKeyOf,
  partKeyOf,
  type BackupManifest,
} from '#domain/backups/format/manifest.ts';
import type { BackupTarget } from '#domain/backups/format/writeBackup.ts';
import type { BackupWorld } from './backedUpTenant.ts';
import { newSigner } from './newSigner.ts';

export interface ToSpoil {
  /** The place is this folder. */
  root: string;
  target: BackupTarget;
  manifest: BackupManifest;
  /** A good backup of another tenant. */
  other: BackupTarget;
  world: BackupWorld;
  /** From 0 up to 1: which part, which byte. */
  chance?: () => number;
}

export interface Spoiling {
  codes: ErrorCode[];
  /** @returns what is to be read now, and how it becomes good again */
  apply(of: ToSpoil): Promise<{ target: BackupTarget; mend(): Promise<void> }>;
}

type Change = (path: string, bytes: Buffer, chance: () => number) => Promise<unknown>;

/** A part that is not empty; in the middle unless chance decides. */
function somePart({ manifest, chance = () => 0.5 }: ToSpoil): number {
  const held = manifest.parts.filter(({ bytes }) => bytes > 0);
  return held[Math.floor(chance() * held.length)]!.number;
}

const ofFile = (keyOf: (of: ToSpoil) => string, codes: ErrorCode[], change: Change): Spoiling => ({
  codes,
  async apply(of) {
    const path = join(of.root, keyOf(of));
    const bytes = await readFile(path);
    await change(path, bytes, of.chance ?? (() => 0.5));
    return { target: of.target, mend: () => writeFile(path, bytes) };
  },
});

const partOf = (of: ToSpoil) => partKeyOf(of.target, somePart(of));

async function signedAnew(
  { world, root, target, manifest }: ToSpoil,
  change: Partial<BackupManifest>,
  signer = null as Parameters<typeof signStatement>[1] | null,
): Promise<{ target: BackupTarget; mend(): Promise<void> }> {
  const { kid: _kid, signature: _signature, ...statement } = manifest;
  const by = signer ?? (await signerOf(world.installation.em, world.deps.installation));
  const path = join(root, manifestKeyOf(target));
  const text = await readFile(path);
  await writeFile(path, canonical(signStatement({ ...statement, ...change }, by)));
  return { target, mend: () => writeFile(path, text) };
}

/** Everything of D11 that can befall a backup in its place, and by what it is told. */
export const spoilings: Record<string, Spoiling> = {
  'a part cut short': ofFile(partOf, ['backup_truncated'], (path, bytes, chance) =>
    truncate(path, Math.floor(chance() * bytes.length)),
  ),
  'the index cut short': ofFile(
    (of) => indexKeyOf(of.target),
    ['backup_truncated'],
    (path, bytes, chance) => truncate(path, Math.floor(chance() * bytes.length)),
  ),
  'the manifest cut short': ofFile(
    (of) => manifestKeyOf(of.target),
    ['backup_damaged'],
    (path, bytes, chance) => truncate(path, Math.floor(chance() * (bytes.length - 2))),
  ),
  'a bit of a part flipped': ofFile(partOf, ['backup_damaged'], flipped),
  'a bit of the index flipped': ofFile((of) => indexKeyOf(of.target), ['backup_damaged'], flipped),
  'a byte of the manifest changed': ofFile(
    (of) => manifestKeyOf(of.target),
    ['backup_damaged', 'backup_forged', 'backup_signer_unknown', 'backup_wrong_tenant', 'backup_format_unknown'],
    flipped,
  ),
  'a part missing': ofFile(partOf, ['backup_incomplete'], (path) => rm(path)),
  'the index missing': ofFile(
    (of) => indexKeyOf(of.target),
    ['backup_incomplete'],
    (path) => rm(path),
  ),
  'the manifest missing': ofFile(
    (of) => manifestKeyOf(of.target),
    ['backup_not_found'],
    (path) => rm(path),
  ),
  'a part of another backup in its place': {
    codes: ['backup_damaged', 'backup_truncated'],
    async apply(of) {
      const { target } = await of.world.copy(of.target.tenantId);
      const number = somePart(of);
      const path = join(of.root, partKeyOf(of.target, number));
      const bytes = await readFile(path);
      await cp(join(of.root, partKeyOf(target, number)), path);
      return { target: of.target, mend: () => writeFile(path, bytes) };
    },
  },
  'another key': {
    codes: ['backup_wrong_key'],
    apply: ({ target }) =>
      Promise.resolve({
        target: { ...target, key: { ...target.key, key: randomBytes(32) } },
        mend: () => Promise.resolve(),
      }),
  },
  "another tenant's backup in its place": {
    codes: ['backup_wrong_tenant'],
    async apply({ root, target, other }) {
      const swapped = { ...target, backupId: randomUUID() };
      await cp(join(root, folderOf(other)), join(root, folderOf(swapped)), { recursive: true });
      return { target: swapped, mend: () => rm(join(root, folderOf(swapped)), { recursive: true }) };
    },
  },
  'signed by somebody else': {
    codes: ['backup_signer_unknown'],
    apply: (of) => signedAnew(of, {}, newSigner().signer),
  },
  'well signed, and empty': {
    codes: ['backup_empty'],
    apply: (of) =>
      signedAnew(of, {
        parts: [],
        sources: of.manifest.sources.map((source) => ({ ...source, parts: 0, rows: 0, objects: 0, bytes: 0 })),
      }),
  },
  'well signed, with other counts': {
    codes: ['backup_damaged'],
    apply: (of) => {
      const number = of.manifest.parts.find(({ rows }) => (rows ?? 0) > 0)!.number;
      return signedAnew(of, {
        parts: of.manifest.parts.map((part) => (part.number === number ? { ...part, rows: part.rows! - 1 } : part)),
      });
    },
  },
};

async function flipped(path: string, bytes: Buffer, chance: () => number): Promise<void> {
  const changed = Buffer.from(bytes);
  changed[Math.floor(chance() * bytes.length)]! ^= 1 << Math.floor(chance() * 8);
  await writeFile(path, changed);
}
