import { roles, type Role } from '#contracts/permissions.ts';
import type { Session } from '#contracts/session.ts';
import type { SignedIn } from '#domain/people/sessions.ts';

export const viewSession = ({ userId, email, role, expiresAt }: SignedIn): Session => ({
  user: { id: userId, email, role },
  permissions: [...(roles[role as Role] ?? [])],
  expiresAt: expiresAt.toISOString(),
});
