import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProviderError } from '../provider.ts';
import type { Hook } from './servers.ts';

const run = promisify(execFile);

/**
 * Asks somebody else to do what only they can. A command gets the order as JSON in TENANTRY_ORDER, an address as its body; neither is
 * told a secret. Done is exit status 0, or an answer of 2xx; both may be asked twice.
 */
export async function askHook(
  hook: Hook,
  order: { act: 'fence' | 'rebuild'; server: string; other: string; effectKey: string },
  signal: AbortSignal,
): Promise<void> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(hook.seconds * 1_000)]);
  const refused = (why: string, cause?: unknown) =>
    new ProviderError('hook', `what is to ${order.act} "${order.server}" did not: ${why}`, { cause });
  if ('exec' in hook) {
    const [command = '', ...args] = hook.exec;
    await run(command, args, {
      signal: within,
      env: { PATH: process.env['PATH'], TENANTRY_ORDER: JSON.stringify(order) },
      maxBuffer: 1 << 20,
    }).catch((cause: { code?: number | string; signal?: string }) => {
      throw refused(`it ended with ${cause.code ?? cause.signal}`, cause);
    });
    return;
  }
  const answer = await fetch(hook.http, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': order.effectKey },
    body: JSON.stringify(order),
    redirect: 'error',
    signal: within,
  }).catch((cause: Error) => {
    throw refused(cause.name === 'TimeoutError' ? 'it did not answer in time' : 'it did not answer', cause);
  });
  await answer.body?.cancel();
  if (!answer.ok) throw refused(`it answered ${answer.status}`);
}
