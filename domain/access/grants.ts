import {
  covers,
  permissions,
  seededRoles,
  type Grant,
  type Permission,
  type Scope,
  type SeededRole,
  type Target,
} from '#contracts/permissions.ts';

/** Who asks: a person, within the limits of the API key they came by, if they did. */
export interface Principal {
  userId: string;
  limits: { permissions: ReadonlySet<Permission>; scope: Scope } | null;
}

export interface CompiledRole {
  title: string;
  permissions: readonly Permission[];
}

/** A role of somebody, and what it permits them where. */
export interface HeldRole extends Grant {
  role: string;
  title: string;
}

export interface Assignment {
  userId: string;
  role: string;
  scope: Scope;
}

/** Where somebody may do something. Rows are in reach when one of the first three says so, and `within` does not object. */
export interface Reach {
  everything: boolean;
  plans: ReadonlySet<string>;
  tenants: ReadonlySet<string>;
  /** The scope of an API key, which narrows whatever its owner may. */
  within: Scope | null;
}

/** What who has a role for the whole platform reaches. */
export const everywhere: Reach = { everything: true, plans: new Set(), tenants: new Set(), within: null };

interface Compiled {
  everything: boolean;
  plans: Set<string>;
  tenants: Set<string>;
}

export const nowhere: Reach = { everything: false, plans: new Set(), tenants: new Set(), within: null };
const known: ReadonlySet<string> = new Set(permissions);

/** What a role permits: a seeded one by the code, another by its row; what is no permission any more permits nothing. */
export const permissionsOfRole = (name: string, stored: readonly string[]): readonly Permission[] =>
  Object.hasOwn(seededRoles, name)
    ? seededRoles[name as SeededRole].permissions
    : stored.filter((permission): permission is Permission => known.has(permission));

/**
 * Everybody's roles, compiled once so that a question is two look-ups in maps. Immutable: a change of roles makes a new one. Who is
 * not in it may do nothing.
 */
export class Grants {
  readonly epoch: number;
  readonly count: number;
  readonly #compiled = new Map<string, Map<Permission, Compiled>>();
  readonly #lists = new Map<string, HeldRole[]>();

  constructor(epoch: number, roles: ReadonlyMap<string, CompiledRole>, assignments: readonly Assignment[]) {
    this.epoch = epoch;
    this.count = assignments.length;
    for (const { userId, role, scope } of assignments) {
      const { title, permissions: permitted } = roles.get(role) ?? { title: role, permissions: [] };
      const held = this.#lists.get(userId) ?? [];
      this.#lists.set(userId, held);
      held.push({ role, title, scope, permissions: permitted });
      const compiled = this.#compiled.get(userId) ?? new Map<Permission, Compiled>();
      this.#compiled.set(userId, compiled);
      for (const permission of permitted) add(compiled, permission, scope);
    }
  }

  /** Whether they may do it to this. A microsecond at most, whatever the number of roles. */
  may({ userId, limits }: Principal, permission: Permission, target: Target = {}): boolean {
    const compiled = this.#compiled.get(userId)?.get(permission);
    if (!compiled || !reaches(compiled, target)) return false;
    return limits === null || (limits.permissions.has(permission) && covers(limits.scope, target));
  }

  /** Whether there is anything that they may do it to. */
  mayAnywhere({ userId, limits }: Principal, permission: Permission): boolean {
    return (
      this.#compiled.get(userId)?.has(permission) === true && (limits === null || limits.permissions.has(permission))
    );
  }

  reach({ userId, limits }: Principal, permission: Permission): Reach {
    const allowed = limits === null || limits.permissions.has(permission);
    const compiled = (allowed ? this.#compiled.get(userId)?.get(permission) : undefined) ?? nowhere;
    return { ...compiled, within: limits === null || limits.scope.kind === 'platform' ? null : limits.scope };
  }

  /** Whether anything at all is permitted to them there: to who may see nothing of it, it is not there. */
  seesAnythingOf({ userId, limits }: Principal, target: Target): boolean {
    if (limits !== null && !covers(limits.scope, target)) return false;
    return (this.#lists.get(userId) ?? []).some(
      ({ scope, permissions: held }) => held.length > 0 && covers(scope, target),
    );
  }

  knows(userId: string): boolean {
    return this.#lists.has(userId);
  }

  /** Their roles, for those who look. */
  of(userId: string): readonly HeldRole[] {
    return this.#lists.get(userId) ?? [];
  }
}

function add(compiled: Map<Permission, Compiled>, permission: Permission, scope: Scope): void {
  const held = compiled.get(permission) ?? { everything: false, plans: new Set(), tenants: new Set() };
  compiled.set(permission, held);
  if (scope.kind === 'platform') held.everything = true;
  else if (scope.kind === 'plan') held.plans.add(scope.plan);
  else held.tenants.add(scope.tenantId);
}

const reaches = ({ everything, plans, tenants }: Compiled, { tenantId, plan }: Target): boolean =>
  everything ||
  (tenantId !== undefined && tenantId !== null && tenants.has(tenantId)) ||
  (plan !== undefined && plan !== null && plans.has(plan));
