import { DomainError } from '#contracts/errors.ts';
import {
  LicensePolicyRules,
  type LicensePolicy,
  type LicensePolicyDraft,
  type LicensePolicySummary,
  type LicensePolicyVersion,
  type PolicyRef,
} from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { json, rows } from '../../sql.ts';
import { checkPolicy } from './checkPolicy.ts';

interface Row {
  name: string;
  version: number;
  rules: object;
  created_at: string;
  plans: string[];
}

/**
 * Writes the version that follows `baseVersion`, or the first when that is 0; nothing is issued by it until a plan points at it. Refuses
 * with `license_policy_invalid` (every problem at once), `not_found`, `license_policy_changed` when another version followed already.
 */
export async function createPolicyVersion(
  em: Sql,
  { name, baseVersion, rules: draft }: { name: string; baseVersion: number; rules: LicensePolicyDraft },
  actor: Actor,
): Promise<number> {
  const [latest] = await rows<{ version: number }>(em)`
    select version from license_policies where name = ${name} order by version desc limit 1`;
  if (!latest && baseVersion > 0) throw noSuchPolicy(name);
  if (latest && latest.version !== baseVersion) throw policyChanged(name, latest.version);

  const { rules, problems } = checkPolicy(draft);
  if (problems.length > 0)
    throw new DomainError('license_policy_invalid', 'Licences cannot be issued by these rules.', {
      fields: problems.map(({ path, message }) => ({ path: `rules.${path}`, message })),
    });

  const version = baseVersion + 1;
  await rows(em)`insert into license_products (name) values (${rules.product}) on conflict do nothing`;
  const written = await rows(em)`
    insert into license_policies (name, version, product, rules, created_by)
    values (${name}, ${version}, ${rules.product}, ${json(rules)}::jsonb, ${actor.userId}::uuid)
    on conflict do nothing returning version`;
  if (written.length === 0) throw policyChanged(name, version); // another one was faster by a moment
  await appendEvent(
    em,
    {
      stream: `license_policy:${name}`,
      type: 'license_policy.version_created',
      tenantId: null,
      data: { name, version },
    },
    actor,
  );
  return version;
}

/** Refuses with `not_found`. */
export async function findPolicyRules(em: Sql, { name, version }: PolicyRef): Promise<LicensePolicyRules> {
  const [row] = await rows<{ rules: object }>(em)`
    select rules from license_policies where name = ${name} and version = ${version}`;
  if (!row) throw new DomainError('not_found', `There is no version ${version} of a licence policy "${name}".`);
  return LicensePolicyRules.parse(row.rules);
}

/** The latest version of each, by name, and which plans point at which. */
export async function listPolicies(em: Sql): Promise<LicensePolicySummary[]> {
  const found = await rows<Omit<Row, 'plans'> & { plans: { name: string; version: number }[] }>(em)`
    select distinct on (p.name) p.name, p.version, p.rules, p.created_at,
           coalesce((select json_agg(json_build_object('name', l.name, 'version', l.license_policy_version) order by l.name)
                     from plans l where l.license_policy_name = p.name), '[]') as plans
    from license_policies p order by p.name, p.version desc`;
  return found.map(({ name, version, rules, created_at, plans }) => {
    const { product, term } = LicensePolicyRules.parse(rules);
    return {
      name,
      version,
      product,
      term: term.kind === 'term' ? term.period : term.kind,
      createdAt: isoOf(created_at),
      plans,
    };
  });
}

/** Refuses with `not_found`. */
export async function viewPolicy(em: Sql, name: string): Promise<LicensePolicy> {
  const versions = (await readVersions(em, name)).map(versionView);
  const [latest] = versions;
  if (!latest) throw noSuchPolicy(name);
  return {
    name,
    latest,
    versions: versions.map(({ version, createdAt, plans }) => ({ version, createdAt, plans })),
  };
}

/** Refuses with `not_found`. */
export async function viewPolicyVersion(em: Sql, { name, version }: PolicyRef): Promise<LicensePolicyVersion> {
  const [row] = await readVersions(em, name, version);
  if (!row) throw new DomainError('not_found', `There is no version ${version} of a licence policy "${name}".`);
  return versionView(row);
}

const readVersions = (em: Sql, name: string, version: number | null = null): Promise<Row[]> =>
  rows<Row>(em)`
    select p.name, p.version, p.rules, p.created_at,
           array(select l.name from plans l
                 where l.license_policy_name = p.name and l.license_policy_version = p.version order by 1) as plans
    from license_policies p where p.name = ${name} and p.version = coalesce(${version}::int, p.version)
    order by p.version desc`;

const versionView = ({ name, version, rules, created_at, plans }: Row): LicensePolicyVersion => ({
  name,
  version,
  rules: LicensePolicyRules.parse(rules),
  createdAt: isoOf(created_at),
  plans,
});

const noSuchPolicy = (name: string): DomainError =>
  new DomainError('not_found', `There is no licence policy "${name}".`);

const policyChanged = (name: string, latest: number): DomainError =>
  new DomainError('license_policy_changed', `The licence policy "${name}" is at version ${latest} meanwhile.`, {
    fields: [{ path: 'baseVersion', message: `is not the latest: that is ${latest}` }],
  });
