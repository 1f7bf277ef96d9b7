import type { Problem } from '#contracts/problems.ts';

/** A request that others must approve first, as it was sent. */
export interface Wanted {
  method: string;
  path: string;
  body: unknown;
  approval: NonNullable<Problem['approval']>;
}

/** The offer to ask others for approval, which one dialog on every page makes. */
class ApprovalAsking {
  wanted = $state.raw<Wanted | null>(null);
  #settle: (approvalId: string | null) => void = () => {};

  /** The id of the request that was made for it; null when the person would rather not. */
  offer(wanted: Wanted): Promise<string | null> {
    this.settle(null); // one at a time: the newest is what the person is looking at
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.wanted = wanted;
    });
  }

  settle(approvalId: string | null): void {
    this.wanted = null;
    this.#settle(approvalId);
    this.#settle = () => {};
  }
}

export const approvalAsking = new ApprovalAsking();
