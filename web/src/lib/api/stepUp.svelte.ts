/** The question "is it still you?", which one dialog on every page puts to the person. */
class StepUp {
  isAsked = $state(false);
  #answer: Promise<boolean> | null = null;
  #settle: (isConfirmed: boolean) => void = () => {};

  /** Whether the person proved it; requests that ask at the same time share one answer. */
  confirm(): Promise<boolean> {
    this.#answer ??= new Promise<boolean>((resolve) => {
      this.#settle = resolve;
      this.isAsked = true;
    });
    return this.#answer;
  }

  settle(isConfirmed: boolean): void {
    this.isAsked = false;
    this.#answer = null;
    this.#settle(isConfirmed);
  }
}

export const stepUp = new StepUp();
