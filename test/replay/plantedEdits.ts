/** An edit that would break a run under way, made to the bundle itself, with a recorded run that must notice. */
export interface PlantedEdit {
  what: string;
  from: string | RegExp;
  to: string;
  breaks: string;
}

const timer = 'await new Promise((resume) => setTimeout(resume, 1_000));';

export const plantedEdits: readonly PlantedEdit[] = [
  { what: 'undos in another order', from: '].reverse()', to: ']', breaks: 'provisionTenant.rollsBack' },
  { what: 'an undo left out', from: 'await keep(promise)', to: 'void promise', breaks: 'provisionTenant.rollsBack' },
  { what: 'another activity', from: "verb : 'ensure'", to: "verb : 'make'", breaks: 'provisionTenant.succeeds' },
  { what: 'a step left out', from: "kind !== 'fixed'", to: "kind === 'check'", breaks: 'provisionTenant.succeeds' },
  {
    what: 'steps in another order',
    from: "kind !== 'fixed')",
    to: "kind !== 'fixed').reverse()",
    breaks: 'provisionTenant.retries',
  },
  {
    what: 'steps taken at once',
    from: 'await step(planned',
    to: 'void step(planned',
    breaks: 'provisionTenant.succeeds',
  },
  {
    what: 'a report left out',
    from: "'done', null",
    to: "'done', null, await new Promise(() => 0)",
    breaks: 'deprovisionTenant.succeeds',
  },
  {
    what: 'doors that open by another name',
    from: "['doors.open']",
    to: "['doors.unlock']",
    breaks: 'provisionTenant.succeeds',
  },
  {
    what: 'an invitation not begun',
    from: 'of idsOf(opened))',
    to: 'of [])',
    breaks: 'provisionTenant.succeeds',
  },
  {
    what: 'a timer before the removal',
    from: /function removeEach\(run\) \{/,
    to: `$&${timer}`,
    breaks: 'finishRollback.succeeds',
  },
  {
    what: 'a rollback that is not announced',
    from: "await ledger['ledger.startRollback']",
    to: 'void (() => 0)',
    breaks: 'provisionTenant.cancelled',
  },
  {
    what: 'another closing report',
    from: "['ledger.closeRemoval']",
    to: "['ledger.closeFinish']",
    breaks: 'deprovisionTenant.destroyFails',
  },
  {
    what: 'doors that close twice',
    from: "await activities['doors.close']",
    to: "void activities['doors.close']({}); $&",
    breaks: 'deprovisionTenant.succeeds',
  },
  {
    what: 'a mail by another activity',
    from: "['invitation.send']",
    to: "['invitation.mail']",
    breaks: 'deliverInvitation.succeeds',
  },
  {
    what: 'an end turned round',
    from: "outcome !== 'succeeded'",
    to: "outcome === 'succeeded'",
    breaks: 'finishRollback.fails',
  },
  {
    what: 'a step of a runbook whose failure is written by another name',
    from: "'runbook.fail'",
    to: "'runbook.broke'",
    breaks: 'executeRunbook.unserved',
  },
];

/** The bundle with the edit in it; an edit that finds nothing to change would prove nothing. */
export function plant(bundle: string, { what, from, to }: PlantedEdit): string {
  const edited = bundle.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'g'), to);
  if (edited === bundle) throw new Error(`nothing in the bundle can be changed for “${what}”: ${String(from)}`);
  return edited;
}
