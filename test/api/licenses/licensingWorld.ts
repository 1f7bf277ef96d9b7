import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { LicenseKeys } from '#contracts/licenses/keys.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import type { Problem } from '#contracts/problems.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import type { LicenseClaims, RevocationClaims } from '#packages/license/src/writing.ts';
import { ApiInstallation, type Answer } from '../apiInstallation.ts';
import { claimsOf } from './readFile.ts';
import { smallPolicy } from './smallPolicy.ts';

/** An API with tenants that are active as rows: nobody asks their providers here. */
export class LicensingWorld {
  readonly api: ApiInstallation;

  private constructor(api: ApiInstallation) {
    this.api = api;
  }

  static async start(overrides: Record<string, string> = {}): Promise<LicensingWorld> {
    return new LicensingWorld(await ApiInstallation.start((same) => same, overrides));
  }

  stop(): Promise<void> {
    return this.api.stop();
  }

  async tenant(): Promise<string> {
    const { installation } = this.api;
    const { tenantId } = await installation.em.transactional((em) =>
      registerTenant(
        em,
        installation.platform.tenantKeys,
        { name: `Tenant ${randomBytes(4).toString('hex')}` },
        theSystem,
      ),
    );
    await installation.asAdmin(null, `update tenants set state = 'active' where id = $1`, [tenantId]);
    return tenantId;
  }

  /** A policy with one version. */
  async policy(rules: object = {}): Promise<{ name: string; version: number }> {
    const name = `p-${randomBytes(4).toString('hex')}`;
    const { status, text } = await this.api.ask('POST', `/api/v1/license-policies/${name}/versions`, {
      body: { baseVersion: 0, rules: { ...smallPolicy, ...rules } },
    });
    assert.equal(status, 201, text);
    return { name, version: 1 };
  }

  issue(tenantId: string, body: object): Promise<Answer<License & Problem>> {
    return this.api.ask<License & Problem>('POST', `/api/v1/tenants/${tenantId}/licenses`, { body });
  }

  async licensed(rules: object = {}, more: object = {}): Promise<License> {
    const { status, body, text } = await this.issue(await this.tenant(), {
      policy: await this.policy(rules),
      ...more,
    });
    assert.equal(status, 201, text);
    return body;
  }

  change(licenseId: string, verb: string, body?: object): Promise<Answer<License & Problem>> {
    return this.api.ask<License & Problem>('POST', `/api/v1/licenses/${licenseId}/${verb}`, body ? { body } : {});
  }

  async pem(kid: string, product = 'suite'): Promise<string> {
    const { body } = await this.api.ask<LicenseKeys>('GET', `/api/v1/license-products/${product}/keys`);
    const found = body.keys.find((key) => key.kid === kid);
    assert.ok(found, `the key ${kid} is not published`);
    return found.pem;
  }

  async file(licenseId: string, search = ''): Promise<Answer<Problem>> {
    return this.api.ask<Problem>('GET', `/api/v1/licenses/${licenseId}/file${search}`);
  }

  async claims({ id, kid, product }: License): Promise<LicenseClaims> {
    return claimsOf<LicenseClaims>((await this.file(id)).text, await this.pem(kid, product));
  }

  async revocations(product = 'suite'): Promise<RevocationClaims> {
    const { body } = await this.api.ask<LicenseKeys>('GET', `/api/v1/license-products/${product}/keys`);
    const { text } = await this.api.ask('GET', `/api/v1/license-products/${product}/revocations`);
    const current = body.keys.find(({ state }) => state === 'current');
    return claimsOf<RevocationClaims>(text, current!.pem);
  }

  events(licenseId: string): Promise<{ type: string; tenant_id: string; data: Record<string, unknown> }[]> {
    return this.api.installation.asAdmin(
      null,
      'select type, tenant_id, data from events where stream = $1 order by version',
      [`license:${licenseId}`],
    );
  }
}
