import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { runQueues, type RunQueue } from '#contracts/workflowInputs.ts';
import { backupsOf, backupVariables, type BackupSettings } from './settings/backups.ts';
import { physicalOf, physicalVariables, type PhysicalSettings } from './settings/physical.ts';
import { billingOf, billingVariables, type BillingSettings } from './settings/billing.ts';
import { dnsOf, dnsVariables, type DnsSettings } from './settings/dns.ts';
import { supportLimitsOf, supportVariables, type SupportLimits } from './settings/support.ts';
import { erasureOf, erasureVariables, placeIn, type ErasureSettings } from './settings/erasure.ts';
import { addressTimesOf, addressVariables, type AddressTimes } from './settings/addresses.ts';
import { sessionLimitsOf, sessionVariables, type SessionLimits } from './settings/sessions.ts';
import { quotasOf, quotaVariables, type Quotas } from './settings/quotas.ts';
import { importLimitsOf, importVariables, type ImportLimits } from './settings/imports.ts';
import { timeOfDay, type TimeOfDay } from './settings/timeOfDay.ts';
import { serversOf, serverVariables, type ServerSettings } from './settings/servers.ts';
import { usageLimitsOf, usageVariables, type UsageLimits } from './settings/usage.ts';
import { days, retentionOf, retentionVariables, type Retention } from './settings/retention.ts';

const port = z.coerce.number().int().min(0).max(65535);
const seconds = z.coerce.number().positive().max(86_400);
const switchedOn = z.enum(['true', 'false']).transform((word) => word === 'true');
/** Exactly as browsers send them: scheme, host and port, nothing after. */
const origins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .refine(
    (all) => all.every((origin) => URL.parse(origin)?.origin === origin),
    'must be origins like https://temporal.example.com, separated by commas',
  );
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');
const workerQueues = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((name) => name.trim()))])
  .pipe(z.array(z.enum(runQueues)).min(1));

const Environment = z.object({
  TENANTRY_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  TENANTRY_HOST: z.string().min(1).default('127.0.0.1'),
  TENANTRY_PORT: port.default(4400),
  TENANTRY_METRICS_PORT: port.default(0),
  TENANTRY_DATA_DIR: z.string().min(1).default('.tenantry'),
  TENANTRY_STORAGE_DIR: z.string().min(1).optional(),
  TENANTRY_OUTBOX_DIR: z.string().min(1).optional(),
  TENANTRY_TENANT_MIGRATIONS: z
    .string()
    .min(1)
    .default(resolve(import.meta.dirname, '../migrations/tenant')),
  TENANTRY_WORKFLOW_BUNDLE: z.string().min(1).optional(),
  TENANTRY_WEB_BUILD: z.string().min(1).optional(),
  TENANTRY_APP_DATABASE_URL: postgresUrl,
  TENANTRY_PROVISIONER_DATABASE_URL: postgresUrl.optional(),
  TENANTRY_READER_DATABASE_URL: postgresUrl.optional(),
  TENANTRY_STORE_MAX_TENANTS: z.coerce.number().int().min(1).max(100_000).default(1_500),
  TENANTRY_MASTER_KEY: z.string().optional(),
  TENANTRY_MASTER_KEY_FILE: z.string().optional(),
  TENANTRY_TASK_QUEUE: z.string().min(1).default('tenantry'),
  TENANTRY_WORKER_QUEUES: workerQueues.default([...runQueues]),
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TLS: switchedOn.optional(),
  TEMPORAL_TLS_CA: z.string().min(1).optional(),
  TEMPORAL_TLS_CERT: z.string().min(1).optional(),
  TEMPORAL_TLS_KEY: z.string().min(1).optional(),
  TEMPORAL_UI_URL: z.url({ protocol: /^https?$/ }).optional(),
  TENANTRY_CODEC_ORIGINS: origins.optional(),
  TENANTRY_STEPS_TO_PRIVATE_NETWORKS: switchedOn.default(false),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must be an smtp:// or smtps:// URL')
    .optional(),
  TENANTRY_MAIL_FROM: z.string().min(3).default('Tenantry <tenantry@localhost>'),
  TENANTRY_WEBHOOKS_TO_PRIVATE_NETWORKS: switchedOn.default(false),
  TENANTRY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TENANTRY_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  ...quotaVariables,
  ...retentionVariables,
  TENANTRY_RETENTION_AT: timeOfDay.prefault('04:17'),
  ...sessionVariables,
  ...supportVariables,
  ...addressVariables,
  ...dnsVariables,
  ...importVariables,
  ...usageVariables,
  ...billingVariables,
  ...erasureVariables,
  ...backupVariables,
  ...serverVariables,
  ...physicalVariables,
  TENANTRY_UNDO_PATIENCE_SECONDS: seconds.default(900),
  TENANTRY_DRIFT_CHECK_AT: timeOfDay.prefault('02:17'),
  TENANTRY_SWEEP_AT: timeOfDay.prefault('03:17'),
  TENANTRY_SWEEP_GRACE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(600),
  TENANTRY_ACT_ATTEMPTS: z.coerce.number().int().min(1).max(1000).default(6),
  TENANTRY_AUDIT_ANCHOR: z.string().min(1).optional(),
  TENANTRY_AUDIT_ANCHOR_SECONDS: z.coerce.number().int().min(1).max(3_600).optional(),
  TENANTRY_AUDIT_VERIFY_HOURS: z.coerce.number().int().min(1).max(720).default(24),
  TENANTRY_KEEP_EVENTS_DAYS: days.prefault('forever'),
  TENANTRY_RECONCILE_SECONDS: z.coerce.number().int().min(1).max(60).default(10),
  TENANTRY_CIRCUIT_THRESHOLD: z.coerce.number().int().min(2).max(10_000).default(5),
});

export interface Configuration {
  publicUrl: string;
  host: string;
  port: number;
  metricsPort: number;
  dataDir: string;
  storageDir: string;
  outboxDir: string;
  tenantMigrationsDir: string;
  workflowBundle: string | null;
  webBuild: string | null;
  appDatabaseUrl: string;
  provisionerDatabaseUrl: string | null;
  readerDatabaseUrl: string | null;
  storeMaxTenants: number;
  masterKey: Buffer;
  taskQueue: string;
  /** Which queues this worker serves; several processes may share the work between them. */
  workerQueues: RunQueue[];
  temporal: {
    address: string;
    namespace: string;
    apiKey: string | null;
    tls: { ca: Buffer | null; cert: Buffer | null; key: Buffer | null } | null;
    uiUrl: string | null;
  };
  /** Whose pages may ask for decoded histories. */
  codecOrigins: string[];
  /** Whether steps and webhooks may call addresses of this network; off, they reach public addresses only. */
  stepsToPrivateNetworks: boolean;
  smtpUrl: string | null;
  mailFrom: string;
  webhooksToPrivateNetworks: boolean;
  logLevel: string;
  trustedProxies: number;
  /** For how long what has ended is kept. */
  retention: Retention;
  /** How often each process lets somebody ask. */
  quotas: Quotas;
  sessions: SessionLimits;
  support: SupportLimits;
  addresses: AddressTimes;
  dns: DnsSettings;
  imports: ImportLimits;
  usage: UsageLimits;
  billing: BillingSettings;
  /** Where exports are kept: a folder, or s3://bucket/prefix. */
  place: string;
  erasure: ErasureSettings;
  backups: BackupSettings;
  servers: ServerSettings;
  physical: PhysicalSettings;
  undoPatienceSeconds: number;
  actAttempts: number;
  /** How often an open run is compared with its workflow, and asked again what it did not answer. */
  reconcileSeconds: number;
  /** How many runs fail at a provider before the others wait for it instead of failing too. */
  circuitThreshold: number;
  /** Where the audit's heads are anchored and how often at most, and how often its chains are verified. */
  audit: { anchor: string; anchorSeconds: number; verifyHours: number; keepDays: number | null };
  /** When every night, in UTC; null for never. */
  driftCheckAt: TimeOfDay | null;
  sweepAt: TimeOfDay | null;
  retentionAt: TimeOfDay | null;
  /** What was removed more recently than this is not called an orphan yet. */
  sweepGraceSeconds: number;
}

/** Everything that is wrong with the environment, in one message; values are never repeated in it. */
export class ConfigurationError extends Error {
  constructor(problems: string[]) {
    super(`Tenantry cannot start with this configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

/** Reads and checks the environment. Throws {@link ConfigurationError} that lists everything wrong at once. */
export function readConfiguration(env: NodeJS.ProcessEnv = process.env): Configuration {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  const problems: string[] = [];
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = issue.path.join('.');
      problems.push(given[name] === undefined ? `${name} is missing` : `${name}: ${issue.message}`);
    }
  }
  const fromFile = (name: string): Buffer | null => {
    const path = given[name];
    if (!path) return null;
    try {
      return readFileSync(path);
    } catch (error) {
      problems.push(`${name}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return null;
    }
  };
  const masterKey = readMasterKey(
    given['TENANTRY_MASTER_KEY'] ?? fromFile('TENANTRY_MASTER_KEY_FILE')?.toString(),
    problems,
  );
  const tlsFiles = {
    ca: fromFile('TEMPORAL_TLS_CA'),
    cert: fromFile('TEMPORAL_TLS_CERT'),
    key: fromFile('TEMPORAL_TLS_KEY'),
  };
  if (problems.length > 0 || !parsed.success || !masterKey) throw new ConfigurationError(problems);

  const e = parsed.data;
  const dataDir = resolve(e.TENANTRY_DATA_DIR);
  const tlsWanted = e.TEMPORAL_TLS ?? (e.TEMPORAL_API_KEY !== undefined || Object.values(tlsFiles).some(Boolean));
  return {
    publicUrl: (e.TENANTRY_PUBLIC_URL ?? `http://localhost:${e.TENANTRY_PORT}`).replace(/\/+$/, ''),
    host: e.TENANTRY_HOST,
    port: e.TENANTRY_PORT,
    metricsPort: e.TENANTRY_METRICS_PORT,
    dataDir,
    storageDir: resolve(e.TENANTRY_STORAGE_DIR ?? `${dataDir}/storage`),
    outboxDir: resolve(e.TENANTRY_OUTBOX_DIR ?? `${dataDir}/outbox`),
    tenantMigrationsDir: resolve(e.TENANTRY_TENANT_MIGRATIONS),
    workflowBundle: e.TENANTRY_WORKFLOW_BUNDLE ?? null,
    webBuild: e.TENANTRY_WEB_BUILD ?? null,
    appDatabaseUrl: e.TENANTRY_APP_DATABASE_URL,
    provisionerDatabaseUrl: e.TENANTRY_PROVISIONER_DATABASE_URL ?? null,
    readerDatabaseUrl: e.TENANTRY_READER_DATABASE_URL ?? null,
    storeMaxTenants: e.TENANTRY_STORE_MAX_TENANTS,
    masterKey,
    taskQueue: e.TENANTRY_TASK_QUEUE,
    workerQueues: e.TENANTRY_WORKER_QUEUES,
    temporal: {
      address: e.TEMPORAL_ADDRESS,
      namespace: e.TEMPORAL_NAMESPACE,
      apiKey: e.TEMPORAL_API_KEY ?? null,
      tls: tlsWanted ? tlsFiles : null,
      uiUrl: e.TEMPORAL_UI_URL?.replace(/\/+$/, '') ?? null,
    },
    codecOrigins: e.TENANTRY_CODEC_ORIGINS ?? (e.TEMPORAL_UI_URL ? [new URL(e.TEMPORAL_UI_URL).origin] : []),
    stepsToPrivateNetworks: e.TENANTRY_STEPS_TO_PRIVATE_NETWORKS,
    smtpUrl: e.SMTP_URL ?? null,
    mailFrom: e.TENANTRY_MAIL_FROM,
    webhooksToPrivateNetworks: e.TENANTRY_WEBHOOKS_TO_PRIVATE_NETWORKS,
    logLevel: e.TENANTRY_LOG_LEVEL,
    trustedProxies: e.TENANTRY_TRUSTED_PROXIES,
    quotas: quotasOf(e),
    retention: retentionOf(e),
    retentionAt: e.TENANTRY_RETENTION_AT,
    sessions: sessionLimitsOf(e),
    support: supportLimitsOf(e),
    addresses: addressTimesOf(e),
    dns: dnsOf(e),
    imports: importLimitsOf(e),
    usage: usageLimitsOf(e),
    billing: billingOf(e),
    place: placeIn(e, dataDir),
    erasure: erasureOf(e, dataDir),
    backups: backupsOf(e, dataDir),
    servers: serversOf(e),
    physical: physicalOf(e, dataDir),
    undoPatienceSeconds: e.TENANTRY_UNDO_PATIENCE_SECONDS,
    actAttempts: e.TENANTRY_ACT_ATTEMPTS,
    reconcileSeconds: e.TENANTRY_RECONCILE_SECONDS,
    circuitThreshold: e.TENANTRY_CIRCUIT_THRESHOLD,
    audit: auditOf(e, dataDir),
    driftCheckAt: e.TENANTRY_DRIFT_CHECK_AT,
    sweepAt: e.TENANTRY_SWEEP_AT,
    sweepGraceSeconds: e.TENANTRY_SWEEP_GRACE_SECONDS,
  };
}

/** A file takes a line each second; a bucket, in which each line is an object that is paid for, every half minute. */
function auditOf(e: z.output<typeof Environment>, dataDir: string): Configuration['audit'] {
  const given = e.TENANTRY_AUDIT_ANCHOR ?? `${dataDir}/audit`;
  const isBucket = given.startsWith('s3://');
  return {
    anchor: isBucket ? given : resolve(given),
    anchorSeconds: e.TENANTRY_AUDIT_ANCHOR_SECONDS ?? (isBucket ? 30 : 1),
    verifyHours: e.TENANTRY_AUDIT_VERIFY_HOURS,
    keepDays: e.TENANTRY_KEEP_EVENTS_DAYS,
  };
}

function readMasterKey(text: string | undefined, problems: string[]): Buffer | null {
  if (text === undefined) {
    problems.push('TENANTRY_MASTER_KEY or TENANTRY_MASTER_KEY_FILE is missing (32 random bytes, base64)');
    return null;
  }
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === 32) return key;
  problems.push('TENANTRY_MASTER_KEY must be 32 bytes in base64');
  return null;
}
