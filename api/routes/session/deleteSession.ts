import { defineRoute } from '../../route.ts';

export const deleteSession = defineRoute({
  method: 'delete',
  path: '/api/v1/session',
  summary: 'Sign out',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 204 },
  errors: [],
  async handle(_input, { signOut }) {
    await signOut();
  },
});
