import { z } from 'zod';
import { permissions, type Scope } from '../permissions.ts';

export const RoleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,38}$/, 'must be 2–39 lower-case letters, digits and dashes, a letter first')
  .describe('What it is called in the API; it cannot be changed');

const Permissions = z
  .array(z.enum(permissions))
  .min(1, 'must permit something')
  .max(permissions.length)
  .refine((all) => new Set(all).size === all.length, 'must not name a permission twice');
const Title = z.string().trim().min(1, 'must not be empty').max(80);
const Description = z.string().trim().max(300);
const requiresSecondFactor = z
  .boolean()
  .describe('Who has this role anywhere can do nothing until a second factor is set up');

export const NewRole = z.strictObject({
  name: RoleName,
  title: Title,
  description: Description.default(''),
  permissions: Permissions,
  requiresSecondFactor: requiresSecondFactor.default(false),
});
export type NewRole = z.infer<typeof NewRole>;

/** A seeded role's permissions come with Tenantry; only whether it needs a second factor can be changed. */
export const RoleChange = z
  .strictObject({
    title: Title.optional(),
    description: Description.optional(),
    permissions: Permissions.optional(),
    requiresSecondFactor: requiresSecondFactor.optional(),
    expectedVersion: z.number().int().min(1).describe('The version that was read; a newer one refuses'),
  })
  .refine((change) => Object.keys(change).length > 1, 'must change something');
export type RoleChange = z.infer<typeof RoleChange>;

export const Role = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  seeded: z.boolean(),
  permissions: z.array(z.enum(permissions)),
  requiresSecondFactor: z.boolean(),
  people: z.number().int().describe('How many have it somewhere'),
  version: z.number().int(),
});
export type Role = z.infer<typeof Role>;

export const Roles = z.object({ items: z.array(Role) });
export type Roles = z.infer<typeof Roles>;

export const ScopeOf: z.ZodType<Scope> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('platform') }),
  z.strictObject({ kind: z.literal('plan'), plan: z.string().min(1).max(63) }),
  z.strictObject({ kind: z.literal('tenant'), tenantId: z.uuid().toLowerCase() }),
]);

/** A role and where it holds. */
export const RoleToAssign = z.strictObject({ role: z.string().min(1).max(39), scope: ScopeOf });
export type RoleToAssign = z.infer<typeof RoleToAssign>;

export const RoleAssignment = z.object({
  id: z.uuid(),
  userId: z.uuid(),
  email: z.string(),
  role: z.string(),
  roleTitle: z.string(),
  scope: ScopeOf,
  scopeTitle: z.string().nullable().describe("The plan's title or the tenant's name; null for the platform"),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
});
export type RoleAssignment = z.infer<typeof RoleAssignment>;

export const AssignmentQuery = z.strictObject({
  userId: z.uuid().toLowerCase().optional(),
  role: z.string().max(39).optional(),
  tenantId: z.uuid().toLowerCase().optional(),
});
export type AssignmentQuery = z.infer<typeof AssignmentQuery>;

export const RoleAssignments = z.object({ items: z.array(RoleAssignment) });
export type RoleAssignments = z.infer<typeof RoleAssignments>;
