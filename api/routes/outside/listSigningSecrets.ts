import { SigningSecrets } from '#contracts/outside/signingSecrets.ts';
import { listSigningSecrets as list } from '#domain/outside/signingSecrets.ts';
import { defineRoute } from '../../route.ts';

export const listSigningSecrets = defineRoute({
  method: 'get',
  path: '/api/v1/signing-secrets',
  summary: 'List what calls of http steps are signed with, without the secrets themselves',
  permission: 'worker-tokens:manage',
  success: { status: 200, body: SigningSecrets },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
