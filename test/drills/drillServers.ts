import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '#local/ports.ts';
import { removePostgresData, startPostgres, type RunningPostgres } from '#local/postgres.ts';
import { describeProcess, untilGone } from '#local/processes.ts';
import { stopRecordedServers } from '#local/servers.ts';
import { physicalEnvironment } from '#local/start/physicalEnvironment.ts';
import { settleTogether } from '#local/settleTogether.ts';
import { startTemporal, type RunningTemporal } from '#local/temporal.ts';

const goneMs = 5_000;

/** PostgreSQL (every commit synced) and Temporal (on a file) that belong to the drills alone, so that they may be killed. */
export class DrillServers {
  readonly dataDir: string;
  readonly #ports: { postgres: number; temporal: number; ui: number };
  #postgres!: RunningPostgres;
  #temporal!: RunningTemporal;

  private constructor(dataDir: string, ports: { postgres: number; temporal: number; ui: number }) {
    this.dataDir = dataDir;
    this.#ports = ports;
  }

  /** @param place a folder that is thrown away */
  static async start(place: string): Promise<DrillServers> {
    await chmod(place, 0o711); // PostgreSQL's user passes through it when root runs the drills
    const [postgres = 0, temporal = 0, ui = 0] = await freePorts(3);
    const servers = new DrillServers(folderIn(place), { postgres, temporal, ui });
    await mkdir(servers.dataDir, { mode: 0o711 });
    await settleTogether([servers.startPostgres(), servers.startTemporal()]);
    return servers;
  }

  get adminUrl(): string {
    return this.#postgres.adminUrl;
  }

  get temporalAddress(): string {
    return this.#temporal.address;
  }

  /** With crash recovery, when it was killed. Resolves when it answers. */
  async startPostgres(): Promise<void> {
    const { dataDir } = this;
    const choosePort = async () => this.#ports.postgres;
    this.#postgres = await startPostgres({ dataDir, archives: true, choosePort });
  }

  /** What an installation is told, so that it protects this server as a whole; its base backups are made by whoever needs one. */
  async physicalEnvironment(): Promise<Record<string, string>> {
    const physical = await physicalEnvironment(this.dataDir, this.adminUrl, { TENANTRY_PHYSICAL_BACKUP: 'lowlevel' });
    return { ...physical, TENANTRY_BASE_BACKUP_AT: 'never' };
  }

  /** On the file that it left. Resolves when it answers. */
  async startTemporal(): Promise<void> {
    const { dataDir } = this;
    const { temporal: grpc, ui } = this.#ports;
    this.#temporal = await startTemporal({ dataDir, choosePorts: async () => ({ grpc, ui }) });
  }

  /** `kill -9` of the postmaster; its backends notice and end. */
  killPostgres(): Promise<void> {
    return killHard(this.#postgres.pid);
  }

  killTemporal(): Promise<void> {
    return killHard(this.#temporal.pid);
  }

  /** The next Temporal is another cluster that knows nothing. */
  async loseTemporal(): Promise<void> {
    await this.killTemporal();
    await rm(this.temporalFolder, { recursive: true, force: true });
  }

  /** Possibly a link to where PostgreSQL's user can enter. */
  get postgresFolder(): string {
    return join(this.dataDir, 'postgres', 'data');
  }

  get temporalFolder(): string {
    return join(this.dataDir, 'temporal');
  }

  /** Whatever runs on the folder, also when nobody holds these servers any more. */
  static async stopIn(place: string): Promise<void> {
    await stopRecordedServers(folderIn(place));
    await removePostgresData(folderIn(place));
  }
}

const folderIn = (place: string): string => join(place, 'servers');

async function killHard(pid: number): Promise<void> {
  const record = await describeProcess(pid);
  process.kill(pid, 'SIGKILL');
  if (!(await untilGone(record, goneMs))) throw new Error(`process ${pid} survived kill -9`);
}
