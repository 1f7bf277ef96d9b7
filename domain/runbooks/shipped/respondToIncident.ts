import { draftOf } from './draft.ts';

const by = (role: string, id: string, title: string, more: object): object => ({
  ...{ kind: 'manual', id, title, role },
  ...more,
});

/** People, their roles, and what they say; practised as an exercise at the table. */
export const respondToIncident = draftOf({
  title: 'Respond to an incident',
  summary:
    'Something is wrong that customers notice, or might be an attack: who leads, who writes, what is kept, and what is learnt. In practice it is an exercise at the table with the same people; mark what you tell others as an exercise.',
  exclusive: 'no',
  inputs: [{ name: 'what', title: 'What was noticed', type: 'text', default: 'An exercise', help: 'No personal data' }],
  steps: [
    by('Who noticed it', 'declare', 'Declare the incident, name who leads', {
      instructions:
        '**{{inputs.what}}**. Whoever leads decides and does nothing else. Open a call and a channel of its own.',
      asks: [
        { name: 'severity', title: 'Severity (1 worst to 4)', type: 'number' },
        { name: 'channel', title: 'Where people talk', type: 'text' },
      ],
      budgetSeconds: 300,
    }),
    {
      ...{ kind: 'parallel', id: 'first', title: 'At once' },
      steps: [
        by('Communications', 'tell', 'Tell customers and colleagues', {
          message:
            'We are looking into a problem since a few minutes: {{inputs.what}}. Severity {{steps.declare.severity}}. We write again within 30 minutes.',
          budgetSeconds: 900,
        }),
        by('Scribe', 'write', 'Write down what happens', {
          instructions: 'As notes of this execution: they have time and name. No secrets, no personal data.',
        }),
        {
          ...{ kind: 'workflow', id: 'keep', title: 'Keep what is there: back up the control plane' },
          ...{ workflow: 'backupPlatform', onFailure: 'continue' },
        },
      ],
    },
    by('Incident commander', 'contain', 'Contain it', {
      instructions:
        'What is the smallest thing that stops the harm? Suspend a tenant, revoke a key, pause provisioning, fail over: each has its own page or runbook, which is started beside this one.',
      asks: [{ name: 'done', title: 'What was done', type: 'text' }],
      budgetSeconds: 3_600,
    }),
    {
      ...{ kind: 'workflow', id: 'compare', title: 'Compare what is there with the registry', workflow: 'checkDrift' },
      onFailure: 'continue',
    },
    by('Incident commander', 'resolve', 'Resolve it', {
      instructions: 'Contained by: {{steps.contain.done}}. The cause is gone, or cannot come back by itself.',
      asks: [{ name: 'personal-data', title: 'Personal data may be concerned', type: 'boolean' }],
    }),
    by('Data protection officer', 'authorities', 'Decide whom the law wants to be told', {
      instructions:
        'Personal data concerned: {{steps.resolve.personal-data}}. Within 72 hours of when it was known the authority must be told, unless there is no risk for people (GDPR, article 33); those concerned where the risk is high (article 34).',
      asks: [{ name: 'decision', title: 'What was decided, and why', type: 'text' }],
    }),
    by('Communications', 'over', 'Say that it is over', {
      message: 'The problem is solved: {{inputs.what}}. We are going to tell what happened and what we change.',
    }),
    by('Incident commander', 'learn', 'Meet, and write down what changes', {
      instructions: 'Without blame, within five working days, by the timeline of this execution and its report.',
      asks: [{ name: 'actions', title: 'How many changes were agreed upon', type: 'number' }],
    }),
  ],
});
