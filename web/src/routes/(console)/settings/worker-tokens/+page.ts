import type { SigningSecrets } from '#contracts/outside/signingSecrets.ts';
import type { WorkerTokens } from '#contracts/outside/workerTokens.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [tokens, secrets] = await Promise.all([
    read<WorkerTokens>(event, '/api/v1/worker-tokens'),
    read<SigningSecrets>(event, '/api/v1/signing-secrets'),
  ]);
  return { tokens: tokens.items, secrets: secrets.items };
};
