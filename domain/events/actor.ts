/** In which capacity somebody acts: by a session (on the platform, or at a portal), by an API key, as a worker by its token, or nobody but the product itself. */
export const actorKinds = ['system', 'user', 'key', 'worker', 'member'] as const;
export type ActorKind = (typeof actorKinds)[number];

/** Who did it, by which request: carried from the API into the run and from there into every event. */
export interface Actor {
  userId: string | null;
  requestId: string | null;
  /** Left out, it is a person where there is a user, else the product itself. */
  kind?: ActorKind;
  /** The API key, or the worker's token, that was shown. */
  keyId?: string | null;
  /** The support access under which a person of the platform acts, and whom they act as. */
  supportAccessId?: string | null;
  onBehalfOf?: string | null;
  /** At whose portal it was asked; what belongs to nobody else is told in that tenant's chain. */
  portalOf?: string | null;
  /** Address and user agent, sealed: a person's data. Sealed when it is first read, once for each request. */
  readonly origin?: Buffer | null;
  /** The id of the tenant's key that sealed it; null where it was the platform's. */
  readonly originKey?: string | null;
}

export const theSystem: Actor = { userId: null, requestId: null };

export const kindOf = ({ kind, userId }: Pick<Actor, 'kind' | 'userId'>): ActorKind =>
  kind ?? (userId === null ? 'system' : 'user');
