/** One statement of a file: its text as written from its first word, and the same with comments and what is quoted by letters left out. */
export interface Statement {
  text: string;
  /** Upper-case words and signs, one space between them; string literals and bodies are `''`. */
  shape: string;
}

const quiet = /\s+|--[^\n]*/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const quotedName = /"(?:[^"]|"")*(?:"|$)/y;
const plainText = /'(?:[^']|'')*(?:'|$)/y;
const escapedText = /'(?:[^'\\]|''|\\[\s\S])*(?:'|$)/y;
const number = /\d[\w.]*/y;

/**
 * Splits SQL where PostgreSQL would: not within quotes, dollar quotes, comments (which nest), parentheses, or a function's
 * `BEGIN ATOMIC … END` (PostgreSQL's documentation, 4.1 “Lexical Structure”). What does not end is one statement: the server
 * says what is wrong with it.
 */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let [start, at, parentheses, atomic] = [-1, 0, 0, 0];
  let shape: string[] = [];
  const finish = (end: number) => {
    if (start >= 0) statements.push({ text: sql.slice(start, end).trim(), shape: shape.join(' ') });
    [start, parentheses, atomic, shape] = [-1, 0, 0, []];
  };
  while (at < sql.length) {
    const match = (pattern: RegExp): string | null => {
      pattern.lastIndex = at;
      return pattern.exec(sql)?.[0] ?? null;
    };
    const skipped = match(quiet) ?? blockComment(sql, at);
    if (skipped !== null) {
      at += skipped.length;
      continue;
    }
    if (start < 0 && sql[at] !== ';') start = at;
    const escapes = /^e'/i.test(sql.slice(at, at + 2));
    const prefixed = escapes || /^(?:[bxn]|u&)'/i.test(sql.slice(at, at + 3));
    const name = prefixed ? null : match(word);
    if (name !== null) {
      const upper = name.toUpperCase();
      if (upper === 'ATOMIC' && shape.at(-1) === 'BEGIN') atomic = 1;
      else if (atomic > 0 && upper === 'CASE') atomic += 1;
      else if (atomic > 0 && upper === 'END') atomic -= 1;
      shape.push(upper);
      at += name.length;
      continue;
    }
    if (prefixed) {
      at = sql.indexOf("'", at);
      at += match(escapes ? escapedText : plainText)!.length;
      shape.push("''");
      continue;
    }
    const tag = match(dollarTag);
    if (tag !== null) {
      const end = sql.indexOf(tag, at + tag.length);
      at = end < 0 ? sql.length : end + tag.length;
      shape.push("''");
      continue;
    }
    const quoted = match(plainText) ?? match(quotedName) ?? match(number);
    if (quoted !== null) {
      shape.push(quoted.startsWith("'") ? "''" : quoted);
      at += quoted.length;
      continue;
    }
    const sign = sql[at]!;
    if (sign === '(') parentheses += 1;
    if (sign === ')') parentheses -= 1;
    if (sign === ';' && parentheses <= 0 && atomic === 0) finish(at);
    else shape.push(sign);
    at += 1;
  }
  finish(sql.length);
  return statements;
}

function blockComment(sql: string, from: number): string | null {
  if (!sql.startsWith('/*', from)) return null;
  let [depth, at] = [1, from + 2];
  while (at < sql.length && depth > 0) {
    if (sql.startsWith('/*', at)) [depth, at] = [depth + 1, at + 2];
    else if (sql.startsWith('*/', at)) [depth, at] = [depth - 1, at + 2];
    else at += 1;
  }
  return sql.slice(from, at);
}
