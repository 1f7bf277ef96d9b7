/** The words that a statement which reads begins with. The server has the last word: it runs in a READ ONLY transaction. */
const beginnings = /^(?:select|with|values|table|show)\b/i;
/** Functions that take effect although nothing is written, that hold others up, or that carry out a statement which is a text to us. */
const effects =
  /\b(?:pg_(?:terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile|pg_promote|pg_switch_wal|pg_wal_replay_(?:pause|resume)|pg_create_\w+|pg_drop_\w+|pg_advisory\w*|pg_(?:read|write|ls)\w*file\w*|pg_sleep\w*|dblink\w*|\w+_to_xml\w*|ts_stat|lo_\w+|set_config|nextval|setval|pg_notify)\s*\(/i;

/** Why a text is no single statement that only reads; null where it is one. */
export function whyNotReading(query: string): string | null {
  const bare = withoutLiterals(query);
  const text = bare.trim().replace(/;\s*$/, '');
  if (text.includes(';')) return 'must be one statement';
  if (!beginnings.test(text)) return 'must begin with SELECT, WITH, VALUES, TABLE or SHOW';
  if (
    /\b(?:insert\s+into|update\s+\S+\s+set|delete\s+from|merge\s+into|truncate|copy|into\s+(?:temp|unlogged|table)|for\s+(?:no\s+key\s+)?update|for\s+(?:key\s+)?share)\b/i.test(
      text,
    )
  )
    return 'must only read';
  if (/\bu&["']/i.test(query)) return 'must not write names or texts in codes';
  if (/\/\*(?:(?!\*\/)[^])*\/\*/.test(query)) return 'must not hold a comment within a comment';
  const [, schema] = /\b(\w+)\s*\.\s*\w+\s*\(/.exec(text) ?? [];
  if (schema && !/^(?:pg_catalog|information_schema)$/i.test(schema)) return `must not call functions of "${schema}"`;
  const [effect] = effects.exec(text) ?? [];
  return effect ? `must not call ${effect.replace(/\s*\($/, '')}: it has an effect, or holds others up` : null;
}

/** One after the other from the left, as the server reads: what opens within another says nothing. */
const literals =
  /(?<![\w$\u0080-\uffff])\$((?:[A-Za-z_]\w*)?)\$[^]*?\$\1\$|(?<!\w)e'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|--[^\n]*|\/\*[^]*?\*\/|"((?:[^"]|"")*)"/gi;

/** Strings and comments say nothing about what is done; a quoted name is a name. */
const withoutLiterals = (query: string): string =>
  query.replace(literals, (whole, _tag: unknown, name: unknown) => {
    if (typeof name === 'string') return name.replace(/\W/g, '_');
    return whole.startsWith('--') || whole.startsWith('/*') ? ' ' : "''";
  });
