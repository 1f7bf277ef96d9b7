import { parse as parseQuery } from 'node:querystring';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Target } from '#contracts/permissions.ts';
import { policyOf } from '#domain/approvals/policies.ts';
import type { ExactRequest } from '#domain/approvals/requestHash.ts';
import type { Sql } from '#domain/database.ts';
import { parseInput } from '../../http/inputs.ts';
import { nothing, type AnyRoute, type Route } from '../../route.ts';
import type { Mounting } from '../mountRoutes.ts';
import type { Admitted } from './admit.ts';
import { refuseUnproven } from './assurance.ts';
import { refuseOutOfScope, refuseUnpermitted } from './permitted.ts';
import { things, type Given } from './targets.ts';

/** A request that could be sent, and everything that would be found out about it. */
export interface Judged {
  act: DangerousAct;
  operation: string;
  summary: string;
  exact: ExactRequest;
  tenantId: string | null;
  /** How many must approve it, by the policy as it is now. */
  required: number;
}

export interface Asked {
  method: string;
  path: string;
  body: unknown;
}

export type Judge = (asked: Asked, by: Admitted) => Promise<Judged>;

/** Finds the route that would answer, and refuses whatever it would refuse before its handler; does nothing. */
export function judgeFor(routes: Record<string, AnyRoute>, { context }: Mounting): Judge {
  const patterns = Object.entries(routes).map(([operation, route]) => ({ operation, route, ...patternOf(route.path) }));

  return async ({ method, path, body: sent }, { caller, principal, grants }) => {
    const [pathname = '', search = ''] = path.split(/\?(.*)/s);
    const found = patterns.find(
      ({ route, pattern }) => route.method.toUpperCase() === method && pattern.test(pathname),
    );
    if (!found || !('success' in found.route)) throw new DomainError('not_found', 'There is nothing at this address.');
    const { operation, route } = found;
    const { people = route.permission === 'signed-in' } = route;
    if (people && caller.key) throw new DomainError('key_not_allowed', 'Only a person who is signed in may do this.');
    refuseUnpermitted(route, caller, principal, grants);
    refuseUnproven(route, caller.signedIn);
    const values = found.pattern.exec(pathname)?.slice(1).map(decodeURIComponent) ?? [];
    const params = parseInput(
      route.params ?? nothing,
      Object.fromEntries(found.names.map((name, at) => [name, values[at]])),
    );
    const query = parseInput(route.query ?? nothing, { ...parseQuery(search) });
    const body = parseInput(route.body ?? nothing, sent ?? (route.body ? undefined : {}));
    const em = context.platform.registry.em.fork();
    await refuseOutOfScope(route, principal, grants, { params, body }, () => em);

    const act = actOf(route);
    const required = act ? await requiredFor(route, { params, body }, em) : 0;
    if (!act || required === 0)
      throw new DomainError('approval_not_needed', 'Nobody needs to approve this: do it at once.');
    return {
      act,
      operation,
      summary: route.summary,
      exact: await exactOf(route, { params, query, body }, em),
      tenantId: await tenantOf(route, { params, body }, em),
      required,
    };
  };
}

const actOf = ({ approval }: Route): DangerousAct | null =>
  approval === undefined ? null : typeof approval === 'string' ? approval : approval.act;

/** How many must approve what this request would do, now. */
export async function requiredFor(
  { approval }: Route,
  given: { params: unknown; body: unknown },
  em: Sql,
): Promise<number> {
  if (approval === undefined) return 0;
  if (typeof approval === 'string') return (await policyOf(em, approval)).required;
  return approval.required(given as Parameters<typeof approval.required>[0], em);
}

/** What an approval is bound to: the request as it was understood, however it was spelt, and what else it depends on. */
export async function exactOf(
  { method, path, approval }: Route,
  { params, query, body }: { params: unknown; query: unknown; body: unknown },
  em: Sql,
): Promise<ExactRequest> {
  const rule = typeof approval === 'object' ? approval : undefined;
  const given = { params, body } as Parameters<NonNullable<typeof rule>['required']>[0];
  return {
    method: method.toUpperCase(),
    path: path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
      encodeURIComponent(String((params as Record<string, unknown>)[name])),
    ),
    query,
    body,
    ...(rule?.boundTo ? { state: await rule.boundTo(given, em) } : {}),
  };
}

function patternOf(path: string): { pattern: RegExp; names: string[] } {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  return { pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '([^/]+)')}$`), names };
}

async function tenantOf({ scope }: Route, given: { params: unknown; body: unknown }, em: Sql): Promise<string | null> {
  if (!scope || scope === 'anywhere' || scope === 'reach') return null;
  const told = { params: (given.params ?? {}) as Given, body: (given.body ?? {}) as Given };
  const target: Target | null = await things[scope].find(told, em);
  return target?.tenantId ?? null;
}
