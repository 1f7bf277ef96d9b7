import type { Actor } from '#domain/events/appendEvent.ts';
import type { RequestContext } from '../../route.ts';

/** Links cannot be guessed; who tries all the same is held up. */
export async function guessingLinks<Result>(
  { attempts, browser }: Pick<RequestContext, 'attempts' | 'browser'>,
  actor: Actor,
  use: () => Promise<Result>,
): Promise<Result> {
  const attempt = await attempts.begin([['links', browser.address]], actor);
  const result = await use();
  await attempt.succeeded();
  return result;
}
