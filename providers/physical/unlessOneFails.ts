/**
 * Works at once, none of which outlives the failure of another.
 *
 * @returns what the first of them gives
 */
export async function unlessOneFails<Result>(
  signal: AbortSignal,
  works: (either: AbortSignal) => [Promise<Result>, ...Promise<unknown>[]] | Promise<Result>[],
): Promise<Result> {
  const failing = new AbortController();
  const running = works(AbortSignal.any([signal, failing.signal]));
  let first: unknown = null;
  const outcomes = await Promise.allSettled(
    running.map((work) =>
      work.catch((error: unknown) => {
        first ??= error;
        failing.abort(error);
        throw error;
      }),
    ),
  );
  if (first !== null) throw first;
  const [outcome] = outcomes;
  return (outcome as PromiseFulfilledResult<Result>).value;
}
