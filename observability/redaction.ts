/**
 * What must never leave the process in a log line or a trace: secrets and personal data. Names of fields decide first,
 * because a password has no shape; patterns catch what hides inside texts (messages, SQL, addresses with credentials).
 */
const redacted = '[redacted]';

const secretNames = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'connectionstring',
  'credentials',
  'passphrase',
  'verifier',
  'otp',
  'totp',
  'parameters',
  'to',
  'recipients',
]);
const secretEndings = [
  'password',
  'passwd',
  'token',
  'secret',
  'apikey',
  'masterkey',
  'privatekey',
  'email',
  'recoverycode',
  'recoverycodes',
  'setuplink',
];

/** Whether a field's value is withheld whatever it holds; `Set-Cookie`, `set_cookie` and `setCookie` are one name. */
export function isSecretName(name: string): boolean {
  let isSecret = judgedNames.get(name);
  if (isSecret === undefined) {
    const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
    isSecret = secretNames.has(plain) || secretEndings.some((ending) => plain.endsWith(ending));
    if (judgedNames.size < mostJudged) judgedNames.set(name, isSecret);
  }
  return isSecret;
}

/** Log lines have few names, and the same ones in every line. */
const judgedNames = new Map<string, boolean>();
const mostJudged = 1_000;

const patterns: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'\\/?#]+@/gi, `$1${redacted}@`],
  [/\b(bearer|basic)\s+[\w~+/.=-]{6,}/gi, `$1 ${redacted}`],
  [/\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*/g, redacted],
  [/\b(tnt_|twt_|tcb_|tex_)[0-9A-Za-z]{28}/g, `$1${redacted}`],
  [/\bwhsec_[\w+/=]+/g, redacted],
  [/SCRAM-SHA-256\$[^\s'"\\]+/g, redacted],
  [/\b(password)\s+'[^']*'/gi, `$1 '${redacted}'`],
  [/([?&#;](?:[\w-]*(?:token|password|secret)|code|key|api[_-]?key|signature)=)[^&\s"'\\#]+/gi, `$1${redacted}`],
  [/(\/(?:setup|accept-invitation|reset-password|confirm-email|support-access)#)[\w-]{20,}/g, `$1${redacted}`],
  [/[\p{L}\p{N}._%+'-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu, '[email]'],
];

/** What every pattern needs somewhere: most texts are ids and paths that have none of it, and one look tells so. */
const suspicious = /[@=$']|:\/\/|-----BEGIN|\b(?:bearer|basic)\s|\beyJ|\b(?:tnt|twt|tcb|whsec)_/i;

/** The text without credentials, tokens, keys and mail addresses. */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text;
  let clean = text;
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
  return clean;
}

/** A copy of anything made of JSON, with secret fields withheld and texts cleaned, at every depth. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (value === null || typeof value !== 'object') return value;
  const clean: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value))
    clean[name] = isSecretName(name) && inner !== null && inner !== undefined ? redacted : redact(inner);
  return clean;
}

/**
 * Whether a line of JSON holds nothing to withhold, told without taking it apart: no text that any pattern could match, and no name of a
 * field that is secret. What cannot be told (escapes) is not harmless.
 */
export function isHarmless(line: string): boolean {
  if (line.includes('\\') || suspicious.test(line)) return false;
  for (const [, name] of line.matchAll(/"([^"]*)":/g)) if (isSecretName(name!)) return false;
  return true;
}

/** SQL as it may be seen in a trace: with its shape, without its literals. */
export function redactSql(sql: string): string {
  return sql.replace(/\$([a-z_]*)\$[\s\S]*?\$\1\$|\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'/gi, "'?'");
}

/** An address as it may be seen in a trace: names of query parameters without their values, no credentials. */
export function redactUrl(url: string): string {
  if (!/[?&#]/.test(url)) return redactText(url);
  return redactText(url.replace(/([?&][^=&#\s]+)=[^&#\s]*/g, '$1=…').replace(/#.*$/, ''));
}
