import { IssuedSigningSecret } from '#contracts/outside/signingSecrets.ts';
import { issueSigningSecret as issue } from '#domain/outside/signingSecrets.ts';
import { defineRoute } from '../../route.ts';

/** Not idempotent by key: the answer would have to be kept, and with it the secret. */
export const issueSigningSecret = defineRoute({
  method: 'post',
  path: '/api/v1/signing-secrets',
  summary: 'Issue a secret that signs the calls of http steps; the one before signs along for a day',
  permission: 'worker-tokens:manage',
  stepUp: true,
  approval: 'rotate_key',
  success: { status: 201, body: IssuedSigningSecret },
  errors: [],
  handle: ({ actor }, { em, platform }) => em.transactional((tx) => issue(tx, platform.installation, actor)),
});
