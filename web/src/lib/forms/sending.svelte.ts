import { refusalOf, type Refusal } from '#lib/api/refusal.ts';

/** What a form or a dialog sends: whether it is under way, and what it was refused with, to be shown beside the button. */
export class Sending {
  isBusy = $state(false);
  refusal = $state.raw<Refusal | null>(null);

  /** What is wrong with each field, by its dotted path. */
  get fields(): Record<string, string> {
    return this.refusal?.fields ?? {};
  }

  /** Returns whether it was done; a failure is kept as the refusal and not thrown. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    this.isBusy = true;
    this.refusal = null;
    try {
      await act();
      return true;
    } catch (failure) {
      this.refusal = refusalOf(failure);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  forget(): void {
    this.refusal = null;
  }
}
