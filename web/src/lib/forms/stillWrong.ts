/**
 * The problems whose field still has the value that was refused: what was edited since is not called wrong any more.
 * Labels count as one field, since their keys may contain the dots that paths are made of.
 */
export function stillWrong(problems: Record<string, string>, sent: unknown, now: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(problems).filter(
      ([path]) => JSON.stringify(valueAt(sent, path)) === JSON.stringify(valueAt(now, path)),
    ),
  );
}

function valueAt(value: unknown, path: string): unknown {
  if (path.startsWith('labels')) path = 'labels';
  return path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value);
}
