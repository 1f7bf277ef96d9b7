/** The two kinds of file, by what stands around them. */
export type FileKind = 'LICENSE' | 'REVOCATIONS';

const lineLength = 64;

/** How many characters a file may have: more is refused before anything looks at it. */
export const longest: Record<FileKind, number> = { LICENSE: 256 * 1024, REVOCATIONS: 8 * 1024 * 1024 };

export const beginOf = (kind: FileKind): string => `-----BEGIN TENANTRY ${kind}-----\n`;
export const endOf = (kind: FileKind): string => `\n-----END TENANTRY ${kind}-----`;

/** A file around base64 with padding, with a line feed at its end. */
export function armour(kind: FileKind, base64: string): string {
  const lines = base64.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  return `${beginOf(kind)}${lines.join('\n')}${endOf(kind)}\n`;
}

export type Unarmoured = { base64: string } | { refused: 'too_large' | 'truncated' | 'malformed' | 'not_canonical' };

/**
 * What stands between the lines that begin and end a file. Line ends may be CRLF, and blanks and blank lines may follow the last
 * line: mail and editors do that. Anything else that is not as {@link armour} writes it is refused.
 */
export function unarmour(kind: FileKind, text: string): Unarmoured {
  if (text.length > longest[kind]) return { refused: 'too_large' };
  const [begin, end] = [beginOf(kind), endOf(kind)];
  const file = (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text).trimEnd();
  if (!file.startsWith(begin)) return { refused: begin.startsWith(file) ? 'truncated' : 'malformed' };
  if (!file.endsWith(end)) return { refused: file.includes(end) ? 'not_canonical' : 'truncated' };
  if (file.length < begin.length + end.length) return { refused: 'truncated' };
  const body = file.slice(begin.length, -end.length);
  const base64 = body.replaceAll('\n', '');
  if (base64.length === 0 || base64.length % 4 !== 0)
    return { refused: /[^A-Za-z0-9+/=]/.test(base64) ? 'not_canonical' : 'truncated' };
  // As many line feeds as full lines, and each where a line is full: then there is none elsewhere.
  if (body.length - base64.length !== Math.ceil(base64.length / lineLength) - 1) return { refused: 'not_canonical' };
  for (let at = lineLength; at < body.length; at += lineLength + 1)
    if (body.charCodeAt(at) !== 10) return { refused: 'not_canonical' };
  return { base64 };
}
