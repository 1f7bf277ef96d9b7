import type { Scope } from '#contracts/permissions.ts';

/** Where a role holds, in words; a tenant is named by whoever knows its name. */
export function scopeText(scope: Scope, title?: string | null): string {
  if (scope.kind === 'platform') return 'everywhere';
  if (scope.kind === 'plan') return `tenants of the plan ${title ?? scope.plan}`;
  return title ? `the tenant ${title}` : 'one tenant';
}
