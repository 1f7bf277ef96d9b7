import { canonicalJson } from '../src/format/canonicalJson.ts';
import { generateLicenseKey, writeLicense } from '../src/writing.ts';
import { refused, runs } from './expected.ts';
import type { Add } from './expected.ts';
import {
  changed,
  claimsWith,
  envelopeFile,
  envelopeOf,
  file,
  nextKey,
  payloadChanged,
  signatureChanged,
  signedText,
  vendor,
} from './issuer.ts';

export async function encryption(add: Add): Promise<void> {
  const licenseKey = generateLicenseKey((count) => Uint8Array.from({ length: count }, (_, at) => at * 37));
  const sealed = await writeLicense({
    claims: claimsWith(),
    sign: vendor.sign,
    encryptFor: licenseKey,
    randomBytes: (count) => Uint8Array.from({ length: count }, (_, at) => at + count),
  });
  add('encrypted', sealed, runs(), { licenseKey });
  add('encrypted, its key typed by hand', sealed, runs(), {
    licenseKey: ` ${licenseKey.toLowerCase().replaceAll('-', ' ')} `,
  });
  add('encrypted, without its key', sealed, refused('locked'));
  add('encrypted, with another key', sealed, refused('locked'), {
    licenseKey: generateLicenseKey(() => new Uint8Array(23)),
  });
  add('encrypted, its key mistyped', sealed, refused('locked'), {
    licenseKey: `${licenseKey.slice(0, -1)}${licenseKey.endsWith('Z') ? 'Y' : 'Z'}`,
  });
  add(
    'encrypted, and changed',
    payloadChanged(sealed, (payload) => `\0${payload.slice(1)}`),
    refused('locked'),
    { licenseKey },
  );
  add(
    'encrypted, shorter than its tag',
    changed(sealed, (envelope) => ({ ...envelope, payload: 'AAAA' })),
    refused('locked'),
    { licenseKey },
  );
  add(
    'encrypted, under the name of another pinned key',
    changed(sealed, (envelope) => ({ ...envelope, kid: nextKey.jwk.kid })),
    refused('locked'),
    { licenseKey },
  );
  add(
    'encrypted, with another signature',
    signatureChanged(sealed, (signature) => Buffer.from(signature.with(0, signature[0]! ^ 1))),
    refused('tampered'),
    { licenseKey },
  );
  add('a licence key where none is needed', await file(), runs(), { licenseKey });
}

export function writing(add: Add, good: string): void {
  const envelope = envelopeOf(good);
  add('with CRLF', good.replaceAll('\n', '\r\n'), runs());
  add('followed by blank lines', `${good}\n \r\n\n`, runs());
  add('without its last line feed', good.trimEnd(), runs());
  add('empty', '', refused('truncated'));
  add('cut in its first line', good.slice(0, 20), refused('truncated'));
  add('cut in the middle', good.slice(0, good.length >> 1), refused('truncated'));
  add('cut in its last line', good.slice(0, -5), refused('truncated'));
  add('its last line of base64 missing', good.split('\n').toSpliced(-3, 1).join('\n'), refused('truncated'));
  add('a line of base64 missing', good.split('\n').toSpliced(3, 1).join('\n'), refused('tampered'));
  add('its base64 cut', good.replace(/.\n-----END/, '\n-----END'), refused('truncated'));
  add(
    'nothing between its lines',
    good
      .split('\n')
      .toSpliced(1, good.split('\n').length - 3)
      .join('\n'),
    refused('truncated'),
  );
  add('something before it', `Dear customer,\n${good}`, refused('malformed'));
  add('a byte order mark before it', `\ufeff${good}`, refused('malformed'));
  add('something after it', `${good}Kind regards\n`, refused('not_canonical'));
  add('twice', good + good, refused('not_canonical'));
  add(
    'in longer lines',
    envelopeFile(envelope)
      .replaceAll('\n', '')
      .replace('LICENSE-----', 'LICENSE-----\n')
      .replace('-----END', '\n-----END'),
    refused('not_canonical'),
  );
  add('blanks in a line', good.replace('\n', '\n '), refused('not_canonical'));
  add('in base64url', good.replace(/[+/]|(?<=\n.{8})./, '_'), refused('not_canonical'));
  add('no JSON inside', envelopeFile('not JSON}'), refused('malformed'));
  add('a list inside', envelopeFile('["Ed25519"]'), refused('malformed'));
  add('bytes that are no UTF-8 inside', good.split('\n').with(1, '/'.repeat(64)).join('\n'), refused('malformed'));
  add('nested without end', envelopeFile('['.repeat(5_000) + ']'.repeat(5_000)), refused('malformed'));
  add('its envelope with blanks', envelopeFile(envelope.replace(',', ', ')), refused('not_canonical'));
  add(
    'its envelope in another order',
    envelopeFile(JSON.stringify({ kid: '', ...(JSON.parse(envelope) as object) })),
    refused('not_canonical'),
  );
  add(
    'its envelope with a member twice',
    envelopeFile(envelope.replace('{', '{"alg":"none",')),
    refused('not_canonical'),
  );
  add('its envelope with one member more', envelopeFile(envelope.replace('}', ',"x":"y"}')), refused('malformed'));
  add(
    'its envelope with a prototype',
    envelopeFile(envelope.replace('{', '{"__proto__":{"kid":"x"},')),
    refused('malformed'),
  );
  add('its envelope with an escape', envelopeFile(envelope.replace('"kid"', '"\\u006bid"')), refused('not_canonical'));
  add(
    'another algorithm',
    changed(good, (all) => ({ ...all, alg: 'none' })),
    refused('malformed'),
  );
  add(
    'padding in base64url',
    changed(good, (all) => ({ ...all, signature: `${all['signature']}==` })),
    refused('malformed'),
  );
  add(
    'bits left over in base64url',
    changed(good, (all) => ({ ...all, signature: all['signature']!.slice(0, -1) + 'B' })),
    refused('not_canonical'),
  );
  add('longer than such files are', good, refused('too_large'), {}, 262_144);
  add(
    'claims with blanks, under their former signature',
    payloadChanged(good, (claims) => claims.replace(',', ', ')),
    refused('not_canonical'),
  );
  const claims = canonicalJson(claimsWith());
  add('signed claims with blanks', signedText(claims.replace(',', ', ')), refused('not_canonical'));
  add(
    'signed claims with a member twice',
    signedText(claims.replace('{', '{"connectivity":{"days":null},')),
    refused('not_canonical'),
  );
  add(
    'signed claims with a number written otherwise',
    signedText(claims.replace('"graceDays":14', '"graceDays":14.0')),
    refused('not_canonical'),
  );
  add('signed claims in another order', signedText(JSON.stringify(claimsWith())), refused('not_canonical'));
  add('signed claims with half a surrogate pair', signedText(claims.replace('Größe', '\\ud800')), refused('malformed'));
  add('signed claims nested without end', signedText('['.repeat(5_000) + ']'.repeat(5_000)), refused('malformed'));
  add('signed claims that are no JSON', signedText('{"typ":'), refused('malformed'));
}
