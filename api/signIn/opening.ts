import type { Actor } from '#domain/events/appendEvent.ts';
import type { Realm } from '#domain/people/realm.ts';
import type { SignedIn, SignInFactor } from '#domain/people/sessions.ts';
import { countSignIn } from '#observability/metrics.ts';
import type { ApiContext } from '../context.ts';
import type { Browser } from './browser.ts';
import type { Opened } from './sessions.ts';

/** What a handler may do with the session of the browser that asks. */
export interface Opening {
  /** Where the request comes from, and what its browser keeps for us. */
  readonly browser: Browser;
  /**
   * Begins a new session for this person and gives its cookie to the browser; an earlier one of this browser ends.
   *
   * @param passwordHash what the password was compared with; it must still be the person's
   */
  signIn(userId: string, factor: SignInFactor, passwordHash?: string | null): Promise<SignedIn>;
  /** The same session under a new cookie, after the person proved again who they are. */
  renewSession(): Promise<SignedIn>;
  signOut(): Promise<void>;
}

export function openingFor(
  { sessions }: Pick<ApiContext, 'sessions'>,
  { token, actor }: { token: string | null; actor: Actor },
  { tenantId }: Pick<Realm, 'tenantId'>,
  makeBrowser: () => Browser,
): Opening {
  let made: Browser | null = null;
  const browser = (): Browser => (made ??= makeBrowser());
  const give = ({ token: given, signedIn }: Opened): SignedIn => {
    browser().giveSession(given, signedIn.expiresAt);
    browser().takeStep();
    return signedIn;
  };
  return {
    get browser() {
      return browser();
    },
    async signIn(userId, factor, passwordHash = null) {
      if (token) await sessions.end(token);
      const signedIn = give(
        await sessions.begin({ userId, tenantId, factor, passwordHash, place: browser().place }, actor),
      );
      browser().remember(signedIn.email);
      countSignIn('succeeded', factor);
      return signedIn;
    },
    renewSession: async () => give(await sessions.renew(token ?? '', tenantId)),
    async signOut() {
      if (token) await sessions.end(token, actor);
      browser().takeSession();
    },
  };
}
