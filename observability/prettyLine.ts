const colours: Record<string, number> = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 35 };
const shownElsewhere = new Set(['time', 'level', 'role', 'msg', 'err', 'pid', 'hostname']);

/** A log entry for a person at a terminal: time, level, role, message, the rest as `name=value`, then the stack. */
export function prettyLine(entry: Record<string, unknown>): string {
  const level = asText(entry['level']);
  const rest = Object.entries(entry)
    .filter(([name, value]) => !shownElsewhere.has(name) && value !== undefined)
    .map(([name, value]) => `${name}=${asText(value)}`)
    .join(' ');
  const head = `${asText(entry['time']).slice(11, 23)} ${colour(level, level.padEnd(5))} ${asText(entry['role'])}`;
  const error = entry['err'] as { stack?: string; message?: string } | undefined;
  const stack = error ? `\n${(error.stack ?? error.message ?? '').replace(/^/gm, '    ')}` : '';
  return `${head}  ${asText(entry['msg'])}${rest === '' ? '' : ` ${colour('debug', rest)}`}${stack}\n`;
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

const colour = (level: string, text: string): string => `\u001b[${colours[level] ?? 0}m${text}\u001b[0m`;
