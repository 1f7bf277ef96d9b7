import assert from 'node:assert/strict';
import type { LicensePolicy, LicensePolicyVersion } from '#contracts/licenses/policies.ts';
import type { Problem } from '#contracts/problems.ts';
import { ApiInstallation, type Answer } from '../apiInstallation.ts';
import { smallPolicy } from './smallPolicy.ts';

describe('licence policies', () => {
  let api: ApiInstallation;
  before(async () => (api = await ApiInstallation.start()));
  after(() => api.stop());

  const create = (
    name: string,
    baseVersion: number,
    rules: object = smallPolicy,
    headers: Record<string, string> = {},
  ) =>
    api.ask<LicensePolicyVersion & Problem>('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion, rules },
      headers,
    });
  const fieldsOf = ({ body }: Answer<Problem>) => body.fields?.map(({ path, message }) => `${path} ${message}`);
  const licensing = '/api/v1/plans/standard/license-policy';
  const point = (policy: object | null, expected: object | null) =>
    api.ask<Problem>('PATCH', licensing, { body: { policy, expected } });

  it('have versions that follow each other and are never rewritten', async () => {
    assert.equal((await create('yearly', 0)).body.version, 1);
    const changed = await create('yearly', 1, { ...smallPolicy, graceDays: 14 });
    assert.equal(changed.body.version, 2);
    const { body } = await api.ask<LicensePolicy>('GET', '/api/v1/license-policies/yearly');
    assert.equal(body.latest.rules.graceDays, 14);
    assert.deepEqual(
      body.versions.map(({ version }) => version),
      [2, 1],
    );
    const first = await api.ask<LicensePolicyVersion>('GET', '/api/v1/license-policies/yearly/versions/1');
    assert.equal(first.body.rules.graceDays, 0);
    await assert.rejects(
      api.installation.asAdmin(null, `update license_policies set rules = '{}' where name = 'yearly'`),
      /never rewritten/,
    );
  });

  it('refuse a version of what is not there, and of what moved on', async () => {
    assert.equal((await create('nothing', 3)).body.code, 'not_found');
    await create('moved', 0);
    assert.equal((await create('moved', 0)).body.code, 'license_policy_changed');
    const raced = await Promise.all([create('moved', 1), create('moved', 1), create('moved', 1)]);
    assert.deepEqual(raced.map(({ status }) => status).toSorted(), [201, 409, 409]);
  });

  it('are made once under one idempotency key', async () => {
    const headers = { 'Idempotency-Key': 'twice' };
    const answers = [
      await create('repeated', 0, smallPolicy, headers),
      await create('repeated', 0, smallPolicy, headers),
    ];
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.version]),
      [
        [201, 1],
        [201, 1],
      ],
    );
  });

  it('say of each field what is wrong with it', async () => {
    const wrong: [object, string][] = [
      [
        { ...smallPolicy, term: { kind: 'term', period: 'P1H' } },
        'rules.term.period must be a calendar period like P1M or P1Y',
      ],
      [{ ...smallPolicy, term: { kind: 'term', period: 'P0M' } }, 'rules.term.period must not be empty'],
      [{ ...smallPolicy, term: { kind: 'perpetual', period: 'P1Y' } }, 'rules.term.period is unknown'],
      [{ ...smallPolicy, colour: 'red' }, 'rules.colour is unknown'],
      [
        { ...smallPolicy, entitlements: { 'Not a name': { flag: true } } },
        'rules.entitlements.Not a name must be lower-case letters, digits and _.-, beginning with a letter',
      ],
    ];
    for (const [rules, field] of wrong) {
      const answer = await create('wrong', 0, rules);
      assert.equal(answer.body.code, 'invalid_request', answer.text);
      assert.deepEqual(fieldsOf(answer), [field]);
    }
    const contradictory = await create('wrong', 0, {
      ...smallPolicy,
      term: { kind: 'perpetual' },
      graceDays: 1,
      renewal: { mode: 'auto' },
    });
    assert.equal(contradictory.status, 422);
    assert.deepEqual(fieldsOf(contradictory), [
      'rules.renewal.mode must be manual: what is perpetual is not renewed',
      'rules.graceDays must be 0: what is perpetual does not end',
    ]);
    for (const name of ['__proto__', 'constructor'])
      assert.ok(
        [201, 400].includes(
          (
            await create(`odd-${name.length}`, 0, {
              ...smallPolicy,
              entitlements: JSON.parse(`{"${name}":{"flag":true}}`) as object,
            })
          ).status,
        ),
      );
  });

  it('are pointed at by plans, each move believed to start where the plan is', async () => {
    await create('of-plan', 0);
    await create('of-plan', 1);
    const [one, two] = [1, 2].map((version) => ({ name: 'of-plan', version }));
    assert.equal((await point({ name: 'of-plan', version: 3 }, null)).body.code, 'license_policy_unknown');
    assert.equal((await point(one!, two!)).body.code, 'plan_moved');
    const raced = await Promise.all([point(one!, null), point(one!, null)]);
    assert.deepEqual(raced.map(({ status }) => status).toSorted(), [200, 409]);
    assert.equal((await point(two!, one!)).status, 200);
    assert.deepEqual((await api.ask('GET', licensing)).body, { plan: 'standard', policy: two });
    const listed = await api.ask<{ items: { name: string; plans: object[] }[] }>('GET', '/api/v1/license-policies');
    assert.deepEqual(listed.body.items.find(({ name }) => name === 'of-plan')?.plans, [
      { name: 'standard', version: 2 },
    ]);
    assert.equal((await point(null, two!)).status, 200);
    const told = await api.installation.asAdmin<{ type: string }>(
      null,
      `select type from events where stream = 'plan:standard' and type = 'plan.license_policy_moved'`,
    );
    assert.equal(told.length, 3);
  });
});
