import { fieldsOf } from '#contracts/fields.ts';
import { actionOf } from '#contracts/runbooks/catalogue.ts';
import type { Finding } from '#contracts/runbooks/runbooks.ts';
import { LeafStep } from '#contracts/runbooks/steps.ts';
import { workflowOf } from '#contracts/runbooks/workflows.ts';
import type { z } from 'zod';
import { checkSchema } from '../../jsonSchemas.ts';
import { declaredPractice } from '../catalogue.ts';
import { finding, formFindings, type CheckedFor, type PlacedLeaf } from './findings.ts';
import { whyNotReading } from './readsOnly.ts';

/** What is wrong with one step by itself. */
export function checkLeaf({ leaf, path }: PlacedLeaf, world: CheckedFor): Finding[] {
  return [...checkKind(leaf, path, world), ...checkUndo(leaf, path), ...checkPractice(leaf, path, world)];
}

function checkKind(leaf: LeafStep, path: string, world: CheckedFor): Finding[] {
  switch (leaf.kind) {
    case 'action': {
      const action = actionOf(leaf.action);
      if (!action) return [finding('action_unknown', `${path}.action`, `there is no action "${leaf.action}"`)];
      return checkParams(action.params, leaf.params, `${path}.params`);
    }
    case 'workflow': {
      const workflow = workflowOf(leaf.workflow);
      if (!workflow)
        return [finding('workflow_unknown', `${path}.workflow`, `there is no workflow "${leaf.workflow}"`)];
      return checkParams(workflow.params, leaf.params, `${path}.params`);
    }
    case 'sql': {
      const wrong = whyNotReading(leaf.query);
      return [
        ...(wrong ? [finding('sql_not_reading', `${path}.query`, wrong)] : []),
        ...(leaf.on !== 'registry' && !world.stores.includes(leaf.on)
          ? [finding('store_unknown', `${path}.on`, `there is no data store "${leaf.on}"`)]
          : []),
      ];
    }
    case 'http':
      return /^https?:\/\/|^\{\{/i.test(leaf.url)
        ? []
        : [finding('form_invalid', `${path}.url`, 'must be an absolute http(s) address, or begin with a reference')];
    case 'approval':
      return checkApproval(leaf, path, world);
    case 'custom':
      return leaf.outputSchema
        ? checkSchema(leaf.outputSchema).map(({ path: inside, message }) =>
            finding('schema_invalid', [`${path}.outputSchema`, inside].filter(Boolean).join('.'), message),
          )
        : [];
    case 'wait':
    case 'manual':
      return [];
  }
}

/** References stand for values that nobody knows yet: what is complained of there is left to the run. */
function checkParams(schema: z.ZodType, given: Record<string, unknown>, path: string): Finding[] {
  const parsed = schema.safeParse(given);
  if (parsed.success) return [];
  const isOpen = (at: readonly PropertyKey[]): boolean => {
    let value: unknown = given;
    for (const key of at) {
      value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
      if (typeof value === 'object' && value !== null && '$from' in value) return true;
    }
    return false;
  };
  const issues = parsed.error.issues.filter((issue) => !isOpen(issue.path));
  return fieldsOf(issues).map((field) =>
    finding('params_invalid', [path, field.path].filter(Boolean).join('.'), field.message),
  );
}

function checkApproval(
  leaf: Extract<LeafStep, { kind: 'approval' }>,
  path: string,
  { approvers }: CheckedFor,
): Finding[] {
  const among = new Set(leaf.among).size;
  if (among > 0 && leaf.required > among)
    return [
      finding('approval_unreachable', `${path}.required`, `${leaf.required} must approve, and ${among} are named`),
    ];
  const possible = approvers === null ? null : approvers - (leaf.notByStarter ? 1 : 0);
  if (possible !== null && leaf.required > possible)
    return [
      finding(
        'approval_unreachable',
        `${path}.required`,
        `${leaf.required} must approve, and ${Math.max(possible, 0)} could beside the one who starts it`,
        'warning',
      ),
    ];
  return [];
}

function checkUndo(leaf: LeafStep, path: string): Finding[] {
  if (!leaf.undo) return [];
  const missing = (message: string) => [finding('undo_missing', `${path}.undo`, message)];
  if (leaf.undo.kind === 'action') {
    const action = actionOf(leaf.undo.action);
    if (!action) return [finding('action_unknown', `${path}.undo.action`, `there is no action "${leaf.undo.action}"`)];
    return checkParams(action.params, leaf.undo.params, `${path}.undo.params`);
  }
  if (leaf.undo.kind === 'manual') return [];
  if (leaf.kind === 'action')
    return actionOf(leaf.action)?.hasUndo === false ? missing(`"${leaf.action}" has no undo of its own`) : [];
  if (leaf.kind === 'custom') return leaf.undoActivity ? [] : missing('needs an "undoActivity"');
  return missing(`a step of the kind "${leaf.kind}" has no undo of its own`);
}

function checkPractice(leaf: LeafStep, path: string, world: CheckedFor): Finding[] {
  const at = `${path}.practice`;
  if (leaf.practice === null)
    return declaredPractice(leaf) === null
      ? [finding('practice_missing', at, 'does not say what becomes of it in practice: practice stops here', 'warning')]
      : [];
  if (typeof leaf.practice === 'string') {
    const rehearses = leaf.kind === 'action' && actionOf(leaf.action)?.practice === 'instead';
    return leaf.practice === 'instead' && !rehearses
      ? [finding('practice_invalid', at, 'has no rehearsal of its own: say which step is carried out instead')]
      : [];
  }
  const parsed = LeafStep.safeParse(leaf.practice.instead);
  if (!parsed.success) return formFindings(`${at}.instead`, fieldsOf(parsed.error.issues));
  const instead = parsed.data;
  if (instead.kind === 'approval' || instead.practice !== null)
    return [finding('practice_invalid', `${at}.instead`, 'must be no approval, and have no practice of its own')];
  return [...checkKind(instead, `${at}.instead`, world), ...checkUndo(instead, `${at}.instead`)];
}
