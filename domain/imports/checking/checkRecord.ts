import { z } from 'zod';
import type { ImportProblem, ImportProblemCode } from '#contracts/imports/imports.ts';
import { reservedSlugs, slugMaxLength, slugPattern } from '#contracts/slugs.ts';
import { ExternalId, Labels, TenantName, type NewTenant } from '#contracts/tenants.ts';
import type { FileRecord, Given } from '../reading/record.ts';

/** What a file may name: asked once, however many lines it has. */
export interface Known {
  plans: ReadonlySet<string>;
  regions: ReadonlySet<string>;
}

/** For lines that say nothing of it. */
export interface Defaults {
  plan: string | null;
  region: string | null;
}

export interface Checked {
  /** Null where something is wrong. */
  wanted: NewTenant | null;
  /** What it says, as far as it can be shown: to find the line again. */
  name: string | null;
  slug: string | null;
  externalId: string | null;
  problems: ImportProblem[];
}

/** More about one line would help nobody. */
const mostProblems = 20;
const shownName = 120;
const email = z.email();

/** Whether a tenant could be made of what one record says, as far as that can be told without looking at others. */
export function checkRecord(record: FileRecord, known: Known, defaults: Defaults): Checked {
  const problems: ImportProblem[] = [...record.problems];
  const complain = (code: ImportProblemCode, column: string | null, text: string) =>
    void problems.push({ code, column, text });
  const of = (field: Given['field']) => record.given.find((one) => one.field === field);
  for (const { column, text } of record.given)
    if (text.includes('\ufffd'))
      complain('encoding_invalid', column, 'It holds bytes that are not UTF-8. Save the file as UTF-8.');

  const name = of('name');
  if (!name && record.problems.length === 0) complain('value_missing', 'name', 'It has no name.');
  if (name) {
    const judged = TenantName.safeParse(name.text);
    if (!judged.success) complain(codeOf(judged.error), name.column, `It ${judged.error.issues[0]?.message}.`);
  }
  const slug = of('slug');
  if (slug) checkSlug(slug, complain);
  const externalId = of('externalId');
  if (externalId && !ExternalId.safeParse(externalId.text).success)
    if (externalId.text.length > 120) complain('value_too_long', externalId.column, 'It has more than 120 characters.');
    else complain('external_id_invalid', externalId.column, 'It must be printable ASCII without spaces.');
  const plan = of('plan');
  if (plan && !known.plans.has(plan.text)) complain('plan_unknown', plan.column, 'There is no such plan.');
  const region = of('region');
  if (region && !known.regions.has(region.text)) complain('region_unknown', region.column, 'There is no such region.');
  const adminEmail = of('adminEmail');
  if (adminEmail && adminEmail.text.length > 254)
    complain('value_too_long', adminEmail.column, 'It has more than 254 characters.');
  else if (adminEmail && !email.safeParse(adminEmail.text).success)
    complain('email_invalid', adminEmail.column, 'It is no e-mail address.');
  const adminName = of('adminName');
  if (adminName) {
    const judged = TenantName.safeParse(adminName.text);
    if (!judged.success) complain(codeOf(judged.error), adminName.column, `It ${judged.error.issues[0]?.message}.`);
    if (!adminEmail)
      complain('value_missing', adminName.column, 'An administrator without an e-mail address cannot be invited.');
  }
  const labels = labelsIn(record.given, complain);

  const shown = {
    name: name ? [...name.text].slice(0, shownName).join('') : null,
    slug: slug && slugPattern.test(slug.text) ? slug.text : null,
    externalId: externalId && ExternalId.safeParse(externalId.text).success ? externalId.text : null,
  };
  if (problems.length > 0) return { wanted: null, ...shown, problems: problems.slice(0, mostProblems) };
  const chosenPlan = plan?.text ?? defaults.plan;
  const chosenRegion = region?.text ?? defaults.region;
  const wanted: NewTenant = {
    name: TenantName.parse(name?.text),
    ...(slug ? { slug: slug.text } : {}),
    ...(externalId ? { externalId: externalId.text } : {}),
    ...(chosenPlan ? { plan: chosenPlan } : {}),
    ...(chosenRegion ? { region: chosenRegion } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(adminEmail
      ? { admin: { email: adminEmail.text, ...(adminName ? { name: TenantName.parse(adminName.text) } : {}) } }
      : {}),
  };
  return { wanted, ...shown, problems: [] };
}

type Complain = (code: ImportProblemCode, column: string | null, text: string) => void;

function checkSlug({ column, text }: Given, complain: Complain): void {
  if (text.length > slugMaxLength) complain('value_too_long', column, `It has more than ${slugMaxLength} characters.`);
  else if (!slugPattern.test(text))
    complain('slug_invalid', column, 'It must be 2–39 lower-case letters a–z, digits and single inner dashes.');
  else if (reservedSlugs.has(text)) complain('slug_reserved', column, 'This address is reserved.');
}

const controls = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

function labelsIn(given: readonly Given[], complain: Complain): Record<string, string> {
  const labels = given.filter(({ field }) => field.startsWith('label:'));
  for (const { column, text } of labels)
    if (text.length > 120) complain('value_too_long', column, 'It has more than 120 characters.');
    else if (controls.test(text)) complain('control_characters', column, 'It must not have control characters.');
  const all = Object.fromEntries(labels.map(({ field, text }) => [field.slice('label:'.length), text]));
  if (labels.length > 32 || !Labels.safeParse(all).success) {
    if (labels.length > 32) complain('value_invalid', null, 'It has more than 32 labels.');
    return {};
  }
  return all;
}

function codeOf({ issues }: z.ZodError): ImportProblemCode {
  const text = issues[0]?.message ?? '';
  if (text.includes('control')) return 'control_characters';
  return text.includes('at most') ? 'value_too_long' : 'value_invalid';
}
