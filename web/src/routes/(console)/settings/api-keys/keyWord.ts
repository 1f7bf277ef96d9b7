import type { ApiKey } from '#contracts/access/apiKeys.ts';
import type { Word } from '#lib/display/words.ts';

const soonMs = 14 * 86_400_000;

/** What there is to say of a key's state; one that is to be replaced soon says so. */
export function keyWord({ state, expiresAt, createdAt }: ApiKey, now: number): Word {
  switch (state) {
    case 'revoked':
      return { title: 'Revoked', tone: 'quiet' };
    case 'expired':
      return { title: 'Expired', tone: 'quiet' };
    case 'dormant':
      return { title: 'Owner disabled', tone: 'warn' };
    case 'retiring':
      return { title: 'Replaced', tone: 'warn' };
    case 'active': {
      const lifetime = Date.parse(expiresAt) - Date.parse(createdAt);
      const isSoon = Date.parse(expiresAt) - now < Math.min(soonMs, lifetime / 3);
      return isSoon ? { title: 'Expires soon', tone: 'warn' } : { title: 'Active', tone: 'good' };
    }
  }
}
