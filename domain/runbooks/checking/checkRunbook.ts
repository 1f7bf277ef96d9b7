import { fieldsOf } from '#contracts/fields.ts';
import { RunbookDraft, type Finding, type RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import {
  deepestNesting,
  HoldingStep,
  LeafStep,
  leavesOf,
  mostLeaves,
  type RunbookStep,
} from '#contracts/runbooks/steps.ts';
import { checkInputs } from './checkInputs.ts';
import { checkLeaf } from './checkLeaf.ts';
import { checkOrder } from './checkOrder.ts';
import { finding, formFindings, type CheckedFor, type PlacedLeaf } from './findings.ts';
import { shortestSeconds } from './shortest.ts';

const mostFindings = 100;

export interface CheckedRunbook {
  /** In its stored form; null where an error keeps it from being one. */
  definition: RunbookDefinition | null;
  findings: Finding[];
}

/** Everything that is wrong with a runbook, at once. What only its database knows, `checkSql` adds. */
export function checkRunbook(given: unknown, world: CheckedFor): CheckedRunbook {
  const parsed = RunbookDraft.safeParse(given);
  if (!parsed.success) return { definition: null, findings: formFindings('', fieldsOf(parsed.error.issues)) };
  const draft = parsed.data;
  const findings: Finding[] = [];
  const leaves: PlacedLeaf[] = [];
  const steps = draft.steps.flatMap((step, at) => readStep(step, `steps.${at}`, 1, { findings, leaves }) ?? []);
  if (draft.steps.length === 0) findings.push(finding('form_invalid', 'steps', 'must have at least one step'));
  if (leaves.length > mostLeaves)
    findings.push(
      finding('too_many_steps', 'steps', `holds ${leaves.length} steps; at most ${mostLeaves} are possible`),
    );
  const definition: RunbookDefinition = { ...draft, steps };
  findings.push(...checkInputs(draft.inputs), ...checkIds(given));
  for (const placed of leaves) findings.push(...checkLeaf(placed, world));
  findings.push(...checkOrder(definition, given), ...checkBudget(definition));
  const isWrong = findings.some(({ severity }) => severity === 'error');
  return { definition: isWrong ? null : definition, findings: findings.slice(0, mostFindings) };
}

function readStep(
  given: unknown,
  path: string,
  depth: number,
  found: { findings: Finding[]; leaves: PlacedLeaf[] },
): RunbookStep | null {
  const kind = (given as { kind?: unknown } | null)?.kind;
  if (kind !== 'sequence' && kind !== 'parallel') {
    const parsed = LeafStep.safeParse(given);
    if (!parsed.success) {
      found.findings.push(...formFindings(path, fieldsOf(parsed.error.issues)));
      return null;
    }
    const leaf = withDefaults(parsed.data);
    found.leaves.push({ leaf, path });
    return leaf;
  }
  const parsed = HoldingStep.safeParse(given);
  if (!parsed.success) {
    found.findings.push(...formFindings(path, fieldsOf(parsed.error.issues)));
    return null;
  }
  if (depth >= deepestNesting) {
    found.findings.push(finding('too_deep', path, `lies deeper than ${deepestNesting} levels`));
    return null;
  }
  const steps = parsed.data.steps.flatMap((step, at) => readStep(step, `${path}.steps.${at}`, depth + 1, found) ?? []);
  return { ...parsed.data, steps };
}

/** What stands for it in practice is written out like any other step; where it is none, its own check says so. */
function withDefaults(leaf: LeafStep): LeafStep {
  if (leaf.practice === null || typeof leaf.practice === 'string') return leaf;
  const { data: instead } = LeafStep.safeParse(leaf.practice.instead);
  return instead ? { ...leaf, practice: { instead } } : leaf;
}

/** Of every step, also of those without the right form: two of a name are told wherever they lie. */
function checkIds(given: unknown): Finding[] {
  const seen = new Set<string>();
  const walk = (step: unknown, path: string): Finding[] => {
    const { id, steps } = (step ?? {}) as { id?: unknown; steps?: unknown };
    const own =
      typeof id === 'string' && seen.has(id)
        ? [finding('id_taken', `${path}.id`, `is used by an earlier step: "${id}"`)]
        : [];
    if (typeof id === 'string') seen.add(id);
    return [...own, ...(Array.isArray(steps) ? steps.flatMap((one, at) => walk(one, `${path}.steps.${at}`)) : [])];
  };
  const { steps } = given as { steps: unknown[] };
  return steps.flatMap((step, at) => walk(step, `steps.${at}`));
}

function checkBudget({ steps, budgetSeconds }: RunbookDefinition): Finding[] {
  if (budgetSeconds === null || leavesOf(steps).length === 0) return [];
  const least = shortestSeconds(steps);
  if (least <= budgetSeconds) return [];
  return [
    finding(
      'budget_unreachable',
      'budgetSeconds',
      `cannot be kept: what waits, and what the steps may take by their own budgets, adds up to ${least} seconds`,
    ),
  ];
}
