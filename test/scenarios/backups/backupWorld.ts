import type { BackupState } from '#contracts/backups/backups.ts';
import { openBackup, openVerification } from '#domain/backups/runs/openBackup.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { folderOfTenant } from '#domain/backups/format/manifest.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Place } from '#domain/places/place.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

export interface BackupRow {
  id: string;
  run_id: string;
  state: BackupState;
  at: Date | null;
  rows: string | null;
  bytes: string | null;
  stored_bytes: string | null;
  verified_as: string | null;
  refusal_code: string | null;
  remove_failure: string | null;
  locked_until: Date | null;
  fence_ms: number | null;
}

export const is = (code: string) => (error: { code?: string }) => error.code === code;

/** Backups of an installation, as runs, as rows and as files. */
export class BackupWorld {
  readonly installation: TestInstallation;
  readonly place: Place;

  constructor(installation: TestInstallation) {
    this.installation = installation;
    this.place = openPlace(installation.configuration.backups);
  }

  async open(tenantId: string): Promise<string> {
    const { runId } = await this.installation.em.transactional((em) =>
      openBackup(em, { tenantId, cause: 'asked' }, theSystem),
    );
    await startRun(this.installation.platform, this.installation.temporal.client, runId);
    return runId;
  }

  /** A backup that was made, whatever the clock says of it. */
  async make(tenantId: string, at?: Date): Promise<BackupRow> {
    const runId = await this.open(tenantId);
    const run = await this.installation.runIsOver(runId);
    if (run.state !== 'succeeded') throw new Error(`the backup ended ${run.state}: ${run.reason}`);
    if (at) await this.age(runId, at);
    return (await this.rowsOfRun(runId))[0]!;
  }

  async verify(tenantId: string, backupId: string): Promise<string> {
    const { runId } = await this.installation.em.transactional((em) =>
      openVerification(em, { tenantId, backupId }, theSystem),
    );
    await startRun(this.installation.platform, this.installation.temporal.client, runId);
    return runId;
  }

  /** As if it had been made then. */
  async age(runId: string, at: Date): Promise<void> {
    await this.installation.asAdmin(null, 'update backups set at = $2, started_at = $2 where run_id = $1', [runId, at]);
    await this.installation.asAdmin(
      null,
      `update tenant_backups b set last_at = (select max(at) from backups k where k.tenant_id = b.tenant_id and k.state = 'kept')
       where tenant_id = (select tenant_id from runs where id = $1)`,
      [runId],
    );
  }

  rowsOfRun(runId: string): Promise<BackupRow[]> {
    return this.installation.asAdmin<BackupRow & Record<string, unknown>>(
      null,
      'select * from backups where run_id = $1 order by started_at',
      [runId],
    );
  }

  rowsOf(tenantId: string): Promise<BackupRow[]> {
    return this.installation.asAdmin<BackupRow & Record<string, unknown>>(
      null,
      'select * from backups where tenant_id = $1 order by at, started_at',
      [tenantId],
    );
  }

  /** Of which backups files lie in the place. */
  async filesOf(tenantId: string): Promise<string[]> {
    const found = new Set<string>();
    for await (const { key } of this.place.list(folderOfTenant(tenantId))) found.add(key.split('/')[2] ?? '');
    return [...found].filter((name) => !name.endsWith('.json')).toSorted();
  }

  async standing(tenantId: string): Promise<Record<string, unknown>> {
    const [row] = await this.installation.asAdmin(null, 'select * from tenant_backups where tenant_id = $1', [
      tenantId,
    ]);
    return row ?? {};
  }

  async eventsOf(stream: string): Promise<string[]> {
    const found = await this.installation.asAdmin<{ type: string }>(
      null,
      'select type from events where stream = $1 order by version',
      [stream],
    );
    return found.map(({ type }) => type);
  }

  tasks(kind: string): Promise<{ state: string; title: string; reason: string; what_is_left: object[] }[]> {
    return this.installation.asAdmin(null, 'select * from tasks where kind = $1 order by opened_at', [kind]);
  }
}
