import type { Request, Response } from 'express';
import { announceAccess } from '#domain/access/epoch.ts';
import type { Session } from '#contracts/session.ts';
import { againAfterDeadlock } from '#domain/againAfterDeadlock.ts';
import type { Sql } from '#domain/database.ts';
import type { Realm } from '#domain/people/realm.ts';
import type { ApiContext } from '../context.ts';
import { carryOutOnce, idempotencyKey } from '../http/once.ts';
import type { Door } from '../portals/doors.ts';
import { viewPortalSession } from '../portals/viewPortalSession.ts';
import type { AnyRoute, RequestContext } from '../route.ts';
import { viewSession } from '../routes/session/viewSession.ts';
import { Browser } from '../signIn/browser.ts';
import { openingFor, type Opening } from '../signIn/opening.ts';
import type { Admitted } from './admission/admit.ts';
import type { Judge } from './admission/judge.ts';
import type { Mounting } from './mountRoutes.ts';

type Added = Omit<RequestContext, Exclude<keyof ApiContext, 'realm' | 'relyingParty'>>;
type MakeContext = (route: AnyRoute, admitted: Admitted, request: Request, response: Response) => RequestContext;

/**
 * What handlers may use: what the API stands on, inherited and not copied for each request, and what belongs to the one request, made
 * when it is asked for.
 */
export function handlerContexts({ context, cookies }: Mounting, judge: Judge): MakeContext {
  const { platform, access } = context;
  const { keyring } = platform.installation;

  class HandlerContext implements Added {
    readonly #route: AnyRoute;
    readonly #admitted: Admitted;
    readonly #request: Request;
    readonly #response: Response;
    #em: Sql | null = null;
    #opened: Opening | null = null;

    constructor(route: AnyRoute, admitted: Admitted, request: Request, response: Response) {
      this.#route = route;
      this.#admitted = admitted;
      this.#request = request;
      this.#response = response;
    }

    get em(): Sql {
      return (this.#em ??= platform.registry.em.fork());
    }

    get door(): Door {
      const { door } = this.#admitted;
      if (!door) throw new Error('this route is of no portal');
      return door;
    }

    get realm(): Realm {
      return this.#admitted.door?.realm ?? context.realm;
    }

    get relyingParty(): ApiContext['relyingParty'] {
      return { ...context.relyingParty, name: this.realm.name };
    }

    get viewSession(): RequestContext['viewSession'] {
      return async (signedIn) =>
        this.#admitted.door
          ? (viewPortalSession(signedIn) as unknown as Session)
          : viewSession(signedIn, await access.knowing(signedIn.userId));
    }

    get browser(): Browser {
      return this.#opening.browser;
    }

    get signIn(): Opening['signIn'] {
      return (...proof) => this.#opening.signIn(...proof);
    }

    get renewSession(): Opening['renewSession'] {
      return () => this.#opening.renewSession();
    }

    get signOut(): Opening['signOut'] {
      return () => this.#opening.signOut();
    }

    get once(): RequestContext['once'] {
      const { params, query, body, actor } = this.#admitted;
      const route = this.#route;
      return (work) => {
        const key =
          !('success' in route) || !route.idempotent || actor.userId === null
            ? null
            : idempotencyKey(this.#request.get('Idempotency-Key'), {
                actorId: actor.keyId ?? actor.userId,
                route: `${route.method} ${route.path}`,
                input: [params, query, body],
              });
        return againAfterDeadlock(() => {
          const em = platform.registry.em.fork();
          if (!key || !('success' in route)) return em.transactional(work);
          return carryOutOnce(em, key, route.success.status, work);
        });
      };
    }

    get changeAccess(): RequestContext['changeAccess'] {
      return async (work) => {
        const changed = await platform.registry.em.fork().transactional(work);
        access.refresh(changed.epoch);
        announceAccess(platform.announcer, changed.epoch);
        return changed;
      };
    }

    get judge(): RequestContext['judge'] {
      return (asked) => judge(asked, this.#admitted);
    }

    get #opening(): Opening {
      const { door } = this.#admitted;
      const makeBrowser = () =>
        new Browser(this.#request, this.#response, { cookies: door?.cookies ?? cookies, keyring, realm: this.realm });
      return (this.#opened ??= openingFor(context, this.#admitted, this.realm, makeBrowser));
    }
  }
  Object.setPrototypeOf(HandlerContext.prototype, context);
  return (...of) => new HandlerContext(...of) as Added as RequestContext;
}
