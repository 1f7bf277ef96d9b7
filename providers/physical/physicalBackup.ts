/** A base backup as its list tells of it. */
export interface BaseBackup {
  id: string;
  /** The cluster that it is of. */
  systemId: string;
  /** As in `server_version_num`. */
  postgres: number;
  timeline: number;
  startedAt: Date;
  /** From this moment on it can be brought to any other that the archive reaches. */
  stoppedAt: Date;
  bytes: number;
  storedBytes: number;
  files: number;
}

export interface Gap {
  timeline: number;
  /** Names of the first and of the last segment that are missing. */
  first: string;
  last: string;
}

/** What can be reached from one base backup. */
export interface Window {
  baseId: string;
  from: Date;
  /** The last moment that the archive holds whole without a gap. */
  until: Date;
  /** What ends it, when the archive goes on behind it. */
  gap: Gap | null;
}

export interface ArchiveStatus {
  systemId: string;
  segments: number;
  storedBytes: number;
  /** By base backup, the oldest first. */
  windows: Window[];
  gaps: Gap[];
  /** The end of the newest segment; null while there is none. */
  newestAt: Date | null;
  /** What the server waits to hand over, or failed to. */
  waiting: number;
  /** Why the server does not hand over: its words; null while it does. */
  failing: string | null;
}

export interface Progress {
  files: number;
  bytes: number;
}

export interface WorkOptions {
  signal: AbortSignal;
  onProgress?: ((done: Progress) => void) | undefined;
}

/** A server that was brought to a moment: its own folder, its own port, reached through a socket that only its user may enter. */
export interface ScratchServer {
  /** Of the run that wanted it. */
  id: string;
  /** A superuser's, at its own socket; the path names the database `postgres`. */
  adminUrl: string;
  folder: string;
  dataDir: string;
  port: number;
  /** The last transaction that it holds; null when none came after the base backup. */
  reachedAt: Date | null;
  restored: Progress;
}

export interface Proof {
  /** Files whose digests were compared with the manifest while they were written. */
  files: number;
  databases: number;
  indexes: number;
  seconds: number;
}

/**
 * Backups of a whole cluster: what brings the registry and all data stores back to a chosen second. Every verb may be called twice.
 */
export interface PhysicalBackup {
  readonly kind: 'lowlevel' | 'pgbackrest';
  /** Copies the cluster while it works on. What was not finished counts for nothing. */
  backUp(baseId: string, options: WorkOptions): Promise<BaseBackup>;
  list(): Promise<BaseBackup[]>;
  /** Reads all of a base backup again: seals, signature, digests; and that the log which it needs is there. */
  verify(baseId: string, options: WorkOptions): Promise<void>;
  /** Takes what the server has put aside into the place. Returns how many files. */
  ship(signal: AbortSignal): Promise<number>;
  /** Removes a base backup that was not finished. */
  discard(baseId: string): Promise<void>;
  /** Hands over what the server has put aside, and says how far the archive reaches. */
  archive(signal: AbortSignal): Promise<ArchiveStatus>;
  /** Makes the present reachable: the server ends its segment, and it is waited for until the archive has it. */
  flush(signal: AbortSignal): Promise<ArchiveStatus>;
  /** Refuses a moment that cannot be reached, before anything is begun. Returns the base backup that leads there. */
  choose(at: Date, signal: AbortSignal): Promise<Window>;
  /** Brings everything to a moment, in a scratch server of its own. One that an earlier attempt left under the id goes first. */
  restore(id: string, at: Date, options: WorkOptions): Promise<ScratchServer>;
  /** The scratch server of this id when it is there and takes sessions. */
  find(id: string): Promise<ScratchServer | null>;
  /** Looks at every index of every database. Refuses `physical_proof_failed`. */
  prove(server: ScratchServer, options: WorkOptions): Promise<Proof>;
  /** Stops a scratch server and leaves its data folder as that of a server to be started in the place of the lost one. */
  handOver(id: string, target: string): Promise<void>;
  /** Stops a scratch server and removes it; that there is none is success. */
  tearDown(id: string): Promise<void>;
  /** Tears down what nobody waits for any more. Returns which went. */
  sweep(isWanted: (id: string) => Promise<boolean>): Promise<string[]>;
  /** Keeps the newest base backups and the log that they need. Returns what went. */
  expire(kept: number, signal: AbortSignal): Promise<{ bases: string[]; segments: number }>;
}
