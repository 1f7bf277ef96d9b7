/** Hands parts to several takers, one part at a time, numbered in the order in which their source gave them. */
export class PartQueue<Part> {
  readonly #parts: AsyncIterator<Part>;
  readonly #signal: AbortSignal;
  #count = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(parts: AsyncIterable<Part>, signal: AbortSignal) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /**
   * Resolves when all parts were taken. The first failure ends it, once those that were under way have ended too.
   *
   * @param onFailure lets them end soon
   */
  async drain(
    width: number,
    take: (part: Part, number: number) => Promise<void>,
    onFailure: (error: unknown) => void,
  ): Promise<void> {
    let first: { error: unknown } | null = null;
    const taker = async (): Promise<void> => {
      try {
        for (let next = await this.#next(); next; next = await this.#next()) await take(...next);
      } catch (error) {
        this.#isOver = true;
        first ??= { error };
        onFailure(error);
      }
    };
    await Promise.all(Array.from({ length: width }, taker));
    if (first === null) return;
    await this.#parts.return?.(undefined)?.catch(() => undefined);
    throw (first as { error: unknown }).error;
  }

  /** One after the other: a source is asked for its next part by one taker at a time. */
  #next(): Promise<[Part, number] | null> {
    const asked = this.#turn.then(async (): Promise<[Part, number] | null> => {
      this.#signal.throwIfAborted();
      if (this.#isOver) return null;
      const { done, value } = await this.#parts.next();
      if (done) {
        this.#isOver = true;
        return null;
      }
      return [value, ++this.#count];
    });
    this.#turn = asked.catch(() => undefined);
    return asked;
  }
}
