import type { RunbookCatalogue } from '#contracts/runbooks/runbooks.ts';
import { stepKindTitles } from './runbookWords.ts';

export interface Template {
  title: string;
  help: string;
  step: Record<string, unknown>;
}

const fixed: Record<string, Record<string, unknown>> = {
  sql: { query: 'select count(*)::int as tenants from tenants', expect: { rows: { atLeast: 1 } }, tells: ['tenants'] },
  http: { url: 'https://status.example/health', untilSeconds: 60 },
  wait: { seconds: 60 },
  manual: { role: 'Incident commander', instructions: 'What is to be done, in Markdown.' },
  approval: { required: 1 },
  custom: { taskQueue: 'recovery', activity: 'movePool', timeoutSeconds: 60, practice: 'skipped' },
};

/** A parameter's place, to be filled in by the author. */
const sampleOf = (params: Record<string, unknown>): Record<string, unknown> => {
  const properties = (params['properties'] ?? {}) as Record<string, { type?: string }>;
  const required = (params['required'] ?? []) as string[];
  return Object.fromEntries(
    required.map((name) => {
      const type = properties[name]?.type;
      return [
        name,
        type === 'number' || type === 'integer' ? 0 : type === 'boolean' ? false : { $from: `inputs.${name}` },
      ];
    }),
  );
};

/** Everything that a step can be here, ready to be put into a runbook. */
export function templatesOf({ actions, workflows }: RunbookCatalogue): { group: string; templates: Template[] }[] {
  const named = (kind: 'action' | 'workflow', { name, title, params }: { name: string; title: string; params: Record<string, unknown> }) => ({
    step: { kind, id: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), title, [kind]: name, params: sampleOf(params) },
    title,
  }); // prettier-ignore
  return [
    {
      group: 'Kinds of step',
      templates: [
        ...Object.entries(fixed).map(([kind, rest]) => ({
          title: stepKindTitles[kind as keyof typeof stepKindTitles],
          help: '',
          step: { kind, id: `new-${kind}`, title: stepKindTitles[kind as keyof typeof stepKindTitles], ...rest },
        })),
        ...(['sequence', 'parallel'] as const).map((kind) => ({
          title: kind === 'sequence' ? 'Steps one after the other' : 'Steps at the same time',
          help: '',
          step: { kind, id: `new-${kind}`, title: 'What they are for', steps: [{ kind: 'wait', id: `new-${kind}-wait`, title: 'Wait', seconds: 1 }] }, // prettier-ignore
        })),
      ],
    },
    { group: 'Actions', templates: actions.map((one) => ({ ...named('action', one), help: one.description })) },
    { group: 'Workflows', templates: workflows.map((one) => ({ ...named('workflow', one), help: '' })) },
  ].filter(({ templates }) => templates.length > 0);
}
