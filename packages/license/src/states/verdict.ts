import type { LicenseClaims } from '../claims.ts';

/** What a licence is found to be. Each has its paragraph in FORMAT.md. */
export type State =
  | 'valid'
  | 'grace'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'suspended'
  | 'wrong_product'
  | 'wrong_tenant'
  | 'wrong_machine'
  | 'seats_exceeded'
  | 'machines_exceeded'
  | 'clock_rolled_back'
  | 'stale'
  | 'older_than_seen'
  | RefusedState;

/** What keeps a file from being read or believed at all. */
export type RefusedState =
  | 'tampered'
  | 'truncated'
  | 'malformed'
  | 'not_canonical'
  | 'too_large'
  | 'too_far'
  | 'unknown_kid'
  | 'low_order'
  | 'locked';

/** What does not stop a product, and somebody should know. */
export type Warning =
  /** It is over, and its grace runs. */
  | 'in_grace'
  /** It is over, and its policy lets the product go on. */
  | 'expired'
  /** More seats are taken than were bought, and its policy lets that be. */
  | 'seats_over'
  /** It was issued for tests. */
  | 'test'
  /** The revocation list should have had a successor by now. */
  | 'revocations_outdated'
  /** There was a revocation list when this was last remembered, and now there is none. */
  | 'revocations_missing';

export interface Verdict {
  state: State;
  /** What the product is to do. It runs when the licence is valid or in grace, and after it expired as its policy says. */
  action: 'run' | 'degrade' | 'block';
  /** For people, in English; holds dates and counts and nothing secret. */
  reason: string;
  /** The claims, frozen, when the signature is good; null in every state of {@link RefusedState}. */
  license: LicenseClaims | null;
  /** When time alone will change the state (RFC 3339, UTC); null when it will not. */
  until: string | null;
  warnings: readonly Warning[];
}

/** Ends a verification before there are claims to judge. */
export class Refused extends Error {
  readonly state: RefusedState;

  constructor(state: RefusedState, reason: string) {
    super(reason);
    this.state = state;
  }
}

export const refusal = ({ state, message }: { state: RefusedState; message: string }): Verdict => ({
  state,
  action: 'block',
  reason: message,
  license: null,
  until: null,
  warnings: [],
});
