/** Everything that would be sent, one line for each value, by its path: nothing stays folded away. */
export function linesOf(value: unknown, path = ''): [path: string, text: string][] {
  if (value === null || typeof value !== 'object') return [[path || 'value', String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return path ? [[path, Array.isArray(value) ? 'none' : '{}']] : [];
  return entries.flatMap(([key, inner]) => linesOf(inner, path ? `${path}.${key}` : key));
}
