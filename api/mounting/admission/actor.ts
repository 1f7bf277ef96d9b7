import type { Request } from 'express';
import type { Actor } from '#domain/events/appendEvent.ts';
import type { ActorKind } from '#domain/events/actor.ts';
import { sealOrigin } from '#domain/events/origin.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { onBehalfOfAdministrator } from '#domain/support/accessRow.ts';
import type { Door } from '../../portals/doors.ts';
import type { Caller } from '../../signIn/caller.ts';

/** Who asks, as events tell it. From where is sealed when the first event asks for it: most requests change nothing. */
export class RequestActor implements Actor {
  readonly userId: string | null;
  readonly kind: ActorKind;
  readonly keyId: string | null;
  readonly supportAccessId: string | null;
  readonly onBehalfOf: string | null;
  readonly portalOf: string | null;
  readonly originKey: string | null;
  readonly requestId: string;
  readonly #request: Request;
  readonly #originKey: Buffer;
  #origin: Buffer | null = null;

  /** @param door where it is a portal's: of its people also the addresses they ask from go with the tenant's key */
  constructor(
    { signedIn, key, worker }: Caller,
    request: Request,
    requestId: string,
    keyring: Keyring,
    door: Pick<Door, 'tenantId' | 'key'> | null = null,
  ) {
    this.userId = signedIn?.userId ?? key?.userId ?? null;
    this.kind = worker ? 'worker' : key ? 'key' : signedIn?.tenantId || (door && !signedIn) ? 'member' : 'user';
    this.keyId = worker?.tokenId ?? key?.keyId ?? null;
    const acting = signedIn?.acting;
    this.supportAccessId = acting?.supportAccessId ?? null;
    this.onBehalfOf = acting ? onBehalfOfAdministrator(acting.tenantId) : null;
    this.portalOf = door?.tenantId ?? null;
    const ofTenant = door && !acting ? door.key : null;
    this.originKey = ofTenant?.id ?? null;
    this.#originKey = ofTenant?.key ?? keyring.platformKey;
    this.requestId = requestId;
    this.#request = request;
  }

  get origin(): Buffer {
    return (this.#origin ??= sealOrigin(this.#originKey, {
      address: this.#request.ip ?? null,
      userAgent: this.#request.get('user-agent') ?? null,
    }));
  }
}
