import { z } from 'zod';

/** One numbered file of the tenant migrations, as the workers' folder holds it. */
export const TenantMigrationView = z.object({
  number: z.number().int(),
  name: z.string(),
  checksum: z.string().describe('SHA-256 of the file, in hex'),
  inTransaction: z.boolean().describe('False for `-- tenantry: no-transaction`'),
  lockTimeoutMs: z.number().int().nullable().describe('Null where the run says it'),
  statementTimeoutMs: z.number().int().nullable().describe('Null where the run says it'),
});
export type TenantMigrationView = z.infer<typeof TenantMigrationView>;

const wholePercent = z.number().int().min(1).max(100);
const most = 100_000;

/** So many tenants, or such a part of all that are behind. */
export const WaveSize = z.union([
  z.strictObject({ tenants: z.number().int().min(1).max(most) }),
  z.strictObject({ percent: wholePercent }),
]);
export type WaveSize = z.infer<typeof WaveSize>;

const pacing = {
  soakSeconds: z
    .number()
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(0)
    .describe('How long the run looks on after the wave before it begins the next'),
  approval: z.boolean().default(false).describe('Whether a person must let the run go on after the wave'),
};

const TenantIds = z.array(z.uuid().toLowerCase()).min(1).max(1_000);

export const Canary = z
  .strictObject({ size: WaveSize.optional(), tenantIds: TenantIds.optional(), ...pacing })
  .refine(({ size, tenantIds }) => (size === undefined) !== (tenantIds === undefined), {
    message: 'must have either size or tenantIds',
    path: ['size'],
  });

export const FleetSettings = z.strictObject({
  target: z.number().int().min(1).optional().describe('The newest version when it is left out'),
  canary: Canary.nullable().default(null),
  waves: z
    .array(z.strictObject({ size: WaveSize, ...pacing }))
    .max(20)
    .default([])
    .describe('One after the other; a last wave takes all that are left'),
  concurrency: z.number().int().min(1).max(12).default(4).describe('Tenants at once'),
  errorBudget: z
    .union([z.strictObject({ tenants: z.number().int().min(0).max(most) }), z.strictObject({ percent: wholePercent })])
    .default({ tenants: 5 })
    .describe('How many may be quarantined before the run stops and asks'),
  lockTimeoutMs: z.number().int().min(10).max(60_000).default(2_000).describe('Where a file says nothing itself'),
  statementTimeoutMs: z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('Where a file says nothing itself'),
  attempts: z.number().int().min(1).max(10).default(4).describe('At each tenant, after what passes by itself'),
  patienceSeconds: z
    .number()
    .int()
    .min(0)
    .max(86_400)
    .default(600)
    .describe('How long the run waits at its end for tenants that other runs are changing'),
});
export type FleetSettings = z.infer<typeof FleetSettings>;

/** What is started is what was planned: `digest` is that of the list of migrations which the plan showed. */
export const NewFleetRun = z.strictObject({ ...FleetSettings.shape, digest: z.string().max(64) });
export type NewFleetRun = z.infer<typeof NewFleetRun>;

export const FleetPlan = z.object({
  target: z.number().int(),
  digest: z.string(),
  migrations: z.array(
    TenantMigrationView.extend({ tenants: z.number().int().describe('How many it would be applied to') }),
  ),
  tenants: z.object({
    total: z.number().int(),
    current: z.number().int().describe('At the target already'),
    behind: z.number().int().describe('What the run would bring there'),
    quarantined: z.number().int().describe('Left out until they are retried or released'),
    held: z.number().int().describe('Of those behind, being changed by another run now: they come last'),
    provisioning: z.number().int().describe('Being made: they are looked at before the run ends'),
  }),
  versions: z.array(z.object({ version: z.number().int().nullable(), tenants: z.number().int() })),
  waves: z.array(
    z.object({ title: z.string(), tenants: z.number().int(), soakSeconds: z.number().int(), approval: z.boolean() }),
  ),
  budget: z.number().int().describe('How many may be quarantined before the run stops'),
});
export type FleetPlan = z.infer<typeof FleetPlan>;

export const Fleet = z.object({
  newest: z.number().int().describe('The newest version of the workers’ folder; 0 when it is empty'),
  digest: z.string(),
  problem: z.string().nullable().describe('Why the folder is refused as it is'),
  readAt: z.iso
    .datetime()
    .nullable()
    .describe('When a worker last found the folder changed; null before the first did'),
  migrations: z.array(TenantMigrationView),
  versions: z.array(z.object({ version: z.number().int().nullable(), tenants: z.number().int() })),
  stores: z.array(z.object({ ordinal: z.number().int(), tenants: z.number().int(), behind: z.number().int() })),
  tenants: z.number().int(),
  behind: z.number().int(),
  quarantined: z.number().int(),
  openRunId: z.uuid().nullable(),
});
export type Fleet = z.infer<typeof Fleet>;

const page = {
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};
const asBoolean = z.enum(['true', 'false']).transform((word) => word === 'true');

export const FleetTenantQuery = z.strictObject({
  version: z.coerce.number().int().min(0).optional(),
  behind: asBoolean.optional(),
  quarantined: asBoolean.optional(),
  ...page,
});

const TenantName = { tenantId: z.uuid(), name: z.string(), slug: z.string().nullable() };

export const FleetTenant = z.object({
  ...TenantName,
  store: z.number().int().nullable(),
  version: z.number().int().nullable().describe('Null where no worker has looked yet'),
  quarantine: z
    .object({
      runId: z.uuid(),
      migration: z.string().nullable(),
      reasonCode: z.string(),
      reason: z.string(),
      since: z.iso.datetime(),
    })
    .nullable(),
});
export type FleetTenant = z.infer<typeof FleetTenant>;
export const FleetTenantPage = z.object({ items: z.array(FleetTenant), nextCursor: z.string().nullable() });
export type FleetTenantPage = z.infer<typeof FleetTenantPage>;

export const waveStates = ['pending', 'running', 'soaking', 'waiting', 'done'] as const;
export type WaveState = (typeof waveStates)[number];
export const migratedStates = ['pending', 'deferred', 'migrated', 'quarantined', 'left', 'gone'] as const;
export type MigratedState = (typeof migratedStates)[number];

export const FleetWave = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.enum(waveStates),
  total: z.number().int(),
  migrated: z.number().int(),
  quarantined: z.number().int(),
  deferred: z.number().int(),
  soakSeconds: z.number().int(),
  approval: z.boolean(),
  soakUntil: z.iso.datetime().nullable(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
});
export type FleetWave = z.infer<typeof FleetWave>;

export const FleetRun = z.object({
  runId: z.uuid(),
  target: z.number().int(),
  migrations: z.array(z.object({ number: z.number().int(), name: z.string() })).describe('What it applies'),
  settings: FleetSettings,
  wave: z.number().int().describe('Where it is'),
  waves: z.array(FleetWave),
  budget: z.object({
    allowed: z.number().int().nullable().describe('Null until the run has begun'),
    spent: z.number().int(),
  }),
  perSecond: z.number().nullable().describe('Tenants, over the last wave that worked'),
});
export type FleetRun = z.infer<typeof FleetRun>;

export const MigratedTenantQuery = z.strictObject({
  state: z.enum(migratedStates).optional(),
  wave: z.coerce.number().int().min(0).max(50).optional(),
  ...page,
});

export const MigratedTenant = z.object({
  ...TenantName,
  wave: z.number().int(),
  state: z.enum(migratedStates),
  fromVersion: z.number().int().nullable(),
  version: z.number().int().nullable(),
  attempts: z.number().int(),
  reasonCode: z.string().nullable(),
  reason: z.string().nullable(),
  milliseconds: z.number().int().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  isQuarantined: z.boolean().describe('Still, whatever became of the run'),
});
export type MigratedTenant = z.infer<typeof MigratedTenant>;
export const MigratedTenantPage = z.object({ items: z.array(MigratedTenant), nextCursor: z.string().nullable() });
export type MigratedTenantPage = z.infer<typeof MigratedTenantPage>;

/** Tenants that a run set aside. */
export const Quarantined = z.strictObject({ tenantIds: TenantIds });
