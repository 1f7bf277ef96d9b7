import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringBackTenant, type Choice } from '#activities/backups/bringBackTenant.ts';
import { copyTenant, type CopyOptions } from '#activities/backups/copyTenant.ts';
import { specsOfTenant } from './specsOfTenant.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { openBackup, type OpenBackup } from '#domain/backups/format/readBackup.ts';
import { verifyBackup, type VerifiedBackup } from '#domain/backups/format/verifyBackup.ts';
import type { BackupTarget, WrittenBackup } from '#domain/backups/format/writeBackup.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Place } from '#domain/places/place.ts';
import type { ResourceSpec, Restored } from '#providers/provider.ts';
import { openTemporalClient } from '#temporal/connection.ts';
import { createDeps, type WorkerDeps } from '#workers/createDeps.ts';
import { stepIntoActivities } from '#test/servers/activityFaults.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { TestInstallation } from '#test/servers/installation.ts';

const { signal } = new AbortController();

/** An installation whose tenants are backed up and restored by the providers themselves, without workflows. */
export class BackupWorld {
  readonly installation: TestInstallation;
  readonly deps: WorkerDeps;
  readonly folder: string;
  place: Place;

  private constructor(installation: TestInstallation, folder: string) {
    this.installation = installation;
    this.deps = createDeps(installation.platform, openTemporalClient(installation.platform).client);
    this.folder = folder;
    this.place = openPlace({ place: join(folder, 'backups') });
  }

  static async start(
    overrides: Record<string, string> = {},
    servers?: { adminUrl: string; temporalAddress: string },
    stepIn?: StepIn,
  ): Promise<BackupWorld> {
    const installation = await TestInstallation.start(overrides, servers);
    await installation.startWorker(
      stepIn,
      stepIn ? { adaptActivities: (activities, deps) => stepIntoActivities(activities, deps, stepIn) } : {},
    );
    return new BackupWorld(installation, await mkdtemp(join(tmpdir(), 'tenantry-backups-')));
  }

  async stop(): Promise<void> {
    await this.deps.closeStores();
    await this.installation.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async target(tenantId: string, backupId: string = randomUUID()): Promise<BackupTarget> {
    return { place: this.place, key: await this.deps.tenantKeys.of(tenantId), tenantId, backupId };
  }

  specs(tenantId: string): Promise<{ kind: string; spec: ResourceSpec }[]> {
    return specsOfTenant(this.installation, tenantId);
  }

  async copy(
    tenantId: string,
    target?: BackupTarget,
    options: Partial<CopyOptions> = {},
  ): Promise<WrittenBackup & { target: BackupTarget }> {
    const to = target ?? (await this.target(tenantId));
    const sources = (await this.specs(tenantId)).map(({ kind, spec }) => ({
      provider: this.deps.providers[kind]!,
      ref: spec,
    }));
    const signer = await signerOf(this.installation.em, this.deps.installation);
    const head = { installationId: this.deps.installation.id };
    return { ...(await copyTenant(sources, to, head, { signer, signal, ...options })), target: to };
  }

  async keys(): Promise<KeyBook> {
    return new KeyBook(await listKeys(this.installation.em));
  }

  async verify(target: BackupTarget): Promise<VerifiedBackup> {
    return verifyBackup(target, { keys: await this.keys(), signal });
  }

  async open(target: BackupTarget): Promise<OpenBackup> {
    return openBackup(target, { keys: await this.keys() });
  }

  async bringBack(
    target: BackupTarget,
    choice: Choice | null = null,
    into: string = target.tenantId,
  ): Promise<Record<string, Restored>> {
    const targets = (await this.specs(into)).map(({ kind, spec }) => ({ provider: this.deps.providers[kind]!, spec }));
    return bringBackTenant(targets, await this.open(target), choice, signal);
  }
}

/** What each part of a backup holds, by what it is called. */
export const digestsOf = ({ parts }: OpenBackup, source: string): Record<string, string> =>
  Object.fromEntries(parts.filter((part) => part.source === source).map(({ name, sha256 }) => [name, sha256]));
