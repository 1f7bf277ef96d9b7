import assert from 'node:assert/strict';
import { NewPassword } from '#contracts/identity/passwords.ts';
import { refuseWeakPassword } from './passwordPolicy.ts';

const names = { email: 'asa.lindqvist@example.org', name: 'Åsa Lindqvist' };
const isRefused = (password: string): Promise<boolean> =>
  refuseWeakPassword(password, names).then(
    () => false,
    (error: { code: string; fields: { path: string }[] }) => {
      assert.equal(error.code, 'password_weak');
      assert.equal(error.fields[0]?.path, 'password');
      return true;
    },
  );

describe('a password', () => {
  it('has 8 to 128 characters, however many bytes they are', () => {
    const fits = (password: string) => NewPassword.safeParse(password).success;
    for (const good of ['x'.repeat(8), 'x'.repeat(128), '🔑'.repeat(8), '🔑'.repeat(128), 'ﬁ'.repeat(4)])
      assert.ok(fits(good), good);
    for (const bad of ['', 'x'.repeat(7), 'x'.repeat(129), '🔑'.repeat(7), 'e\u0301'.repeat(7)])
      assert.ok(!fits(bad), bad);
  });

  it('is none of the 10,000 that are tried first, in whatever case', async () => {
    const { dictionary } = await import('@zxcvbn-ts/language-common');
    const commonest = dictionary['passwords-common'].slice(0, 10_000);
    assert.equal(commonest.length, 10_000);
    for (const password of commonest.filter((_, n) => n % 97 === 0)) {
      assert.ok(await isRefused(password), password);
      assert.ok(await isRefused(password.toUpperCase()), password);
    }
    for (const password of ['password', 'Trustno1', 'QWERTYUIOP', '1234567890']) assert.ok(await isRefused(password));
  });

  it('is not made of names that others know', async () => {
    for (const password of [
      'åsalindqvist',
      'Lindqvist2026!',
      'ASA.lindqvist',
      'asa.lindqvist@example.org',
      'example-2026',
      'tenantry1234',
      'Tenantry-Lindqvist',
    ])
      assert.ok(await isRefused(password), password);
  });

  it('may hold a name, when there is enough besides', async () => {
    for (const password of ['correct horse battery staple', 'lindqvist likes long walks', 'G7#pq!zL', 'вечерний звон'])
      assert.ok(!(await isRefused(password)), password);
  });
});
