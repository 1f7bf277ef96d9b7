import { DomainError } from '#contracts/errors.ts';
import { keyActions as described } from '#contracts/runbooks/actions/keys.ts';
import { rotateKey, signerOf } from '#domain/audit/signingKeys.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { isoOf } from '#domain/isoOf.ts';
import { listLicenseKeys, lockProduct, rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import { masterKeyStanding, refuseSupersededKey, settleMasterKey } from '#domain/secrets/masterKeyRotation.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { rows } from '#domain/sql.ts';
import type { Deps } from '../deps.ts';
import { implement, type AnyAction } from './action.ts';

const failed = (text: string): DomainError => new DomainError('check_failed', text);

/** An attempt whose answer was lost made a key already: it is found by its time, and no second one is made. */
export function keyActions({
  registry,
  installation,
  configuration,
}: Pick<Deps, 'registry' | 'installation' | 'configuration'>): AnyAction[] {
  const inOne = <Result>(work: (em: Sql) => Promise<Result>): Promise<Result> => registry.em.fork().transactional(work);

  return [
    implement(described.rotateAuditKey, {
      act: (_params, { executionId }) =>
        inOne(async (em) => {
          await rows(em)`lock table audit_keys in share row exclusive mode`;
          const [made] = await rows<{ from: string; to: string }>(em)`
            select endorsed_by as "from", kid as "to" from audit_keys
            where endorsed_by is not null and created_at >= (select created_at from runs where id = ${executionId})
            order by created_at limit 1`;
          if (made) return made;
          const { kid: from } = await signerOf(em, installation);
          return { from, to: (await rotateKey(em, installation, theSystem)).kid };
        }),
      rehearse: async () => {
        const { kid } = await signerOf(registry.em.fork(), installation);
        return { from: kid, to: kid };
      },
    }),
    implement(described.rotateLicenseKey, {
      act: ({ product, publishSeconds }, { executionId }) =>
        inOne(async (em) => {
          await lockProduct(em, product);
          const now = new Date();
          const from = await currentKey(em, product, now);
          const [made] = await rows<{ from: string | null; to: string; signsFrom: string }>(em)`
            select k.kid as "to", k.signs_from as "signsFrom",
                   (select b.kid from license_keys b where b.product = k.product and b.created_at < k.created_at order by b.created_at desc limit 1) as "from"
            from license_keys k where k.product = ${product} and k.created_at >= (select created_at from runs where id = ${executionId})
            order by k.created_at desc limit 1`;
          if (made?.from) return { from: made.from, to: made.to, signsFrom: isoOf(made.signsFrom) };
          await rotateLicenseKey(em, installation, product, { publishSeconds, compromised: false, now }, theSystem);
          const next = (await listLicenseKeys(em, installation, product, now))[0]!;
          return { from, to: next.kid, signsFrom: next.signsFrom };
        }),
      async rehearse({ product }) {
        const em = registry.em.fork();
        const now = new Date();
        const keys = await listLicenseKeys(em, installation, product, now);
        const current = keys.find(({ state }) => state === 'current')!;
        return { from: current.kid, to: current.kid, signsFrom: current.signsFrom };
      },
    }),
    implement(described.checkMasterKey, {
      async act({ isOffered, current: wanted }) {
        const { current, next } = await masterKeyStanding(registry.em.fork());
        if (wanted !== null && current !== wanted) throw failed(`The master key in force is ${current}.`);
        if (isOffered && next === null) throw failed('No other master key is offered.');
        if (!isOffered && next !== null)
          throw failed(`The master key ${next} is offered still: settle or withdraw it.`);
        return { current, next };
      },
    }),
    implement(described.settleMasterKey, {
      async act() {
        const { current } = await settleMasterKey(registry.em.fork(), configuration.masterKey, theSystem);
        return { current };
      },
      async rehearse() {
        await refuseSupersededKey(registry.em.fork(), configuration.masterKey);
        return { current: masterKeyIdOf(configuration.masterKey) };
      },
    }),
  ];

  async function currentKey(em: Sql, product: string, now: Date): Promise<string> {
    const keys = await listLicenseKeys(em, installation, product, now);
    const current = keys.find(({ state }) => state === 'current');
    if (!current) throw new DomainError('not_found', `The product "${product}" has no key that signs.`);
    return current.kid;
  }
}
