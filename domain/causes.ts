const deepest = 6;

/** An error and what caused it, the outermost first; bounded, because causes can lead in a circle. */
export function* causesOf(error: unknown): Generator<Error & { code?: unknown }> {
  for (let cause = error, depth = 0; cause instanceof Error && depth < deepest; cause = cause.cause, depth++)
    yield cause;
}
