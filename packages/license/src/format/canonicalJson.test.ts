import assert from 'node:assert/strict';
import { canonicalJson, parseCanonical } from './canonicalJson.ts';

describe('canonical JSON', () => {
  it('is as RFC 8785 writes it', () => {
    // The example of section 3.2.3 and numbers of appendix B.
    assert.equal(
      canonicalJson({ '€': 'Euro', '\r': 'CR', דּ: 'Hebrew', '1': 'One', '😀': 'Smiley', '\u0080': 'C', ö: 'o' }),
      '{"\\r":"CR","1":"One","\u0080":"C","ö":"o","€":"Euro","😀":"Smiley","\ufb33":"Hebrew"}',
    );
    assert.equal(
      canonicalJson([JSON.parse('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0]),
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    );
    assert.equal(
      canonicalJson({ b: [null, true], a: undefined, c: { z: '"\\/\u000f', y: {} } }),
      '{"b":[null,true],"c":{"y":{},"z":"\\"\\\\/\\u000f"}}',
    );
  });

  it('keeps keys that look like numbers and like prototypes', () => {
    for (const text of ['{"10":1,"9":2}', '{"__proto__":{"admin":true}}', '{"a":{"constructor":1}}']) {
      const value = parseCanonical(text);
      assert.equal(canonicalJson(value), text);
    }
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });

  it('has no text for what JSON cannot hold', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = [deep];
    for (const value of [NaN, Infinity, '\ud800', { '\udc00': 1 }, () => 1, 1n, deep])
      assert.throws(() => canonicalJson(value), { name: 'LicenseError', code: 'malformed' });
  });

  it('refuses every other text for the same value', () => {
    for (const text of [
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '{ "a":1}',
      '{"a":1}\n',
      '{"a":1.0}',
      '{"a":1e0}',
      '{"a":-0}',
      '"\\u0061"',
      '"\\/"',
      '{"a":{"c":1,"b":1}}',
      '[{"9":1,"10":1}]',
      '1e400',
    ])
      assert.throws(() => parseCanonical(text), { name: 'LicenseError' }, text);
    assert.throws(() => parseCanonical('"\\ud800"'), { code: 'malformed' });
    assert.throws(() => parseCanonical('{'), { code: 'malformed' });
    assert.throws(() => parseCanonical(`${'['.repeat(50_000)}${']'.repeat(50_000)}`), { code: 'malformed' });
    assert.equal(parseCanonical('"\\\\ud800"'), '\\ud800');
  });
});
