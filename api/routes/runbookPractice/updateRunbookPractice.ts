import { PracticeChange, PracticePlan } from '#contracts/runbooks/practice.ts';
import { changePractice } from '#domain/runbooks/practice/changePractice.ts';
import { defineRoute } from '../../route.ts';
import { RunbookParams } from '../runbooks/runbookParams.ts';

export const updateRunbookPractice = defineRoute({
  method: 'patch',
  path: '/api/v1/runbook-practice/{name}',
  summary: 'Change when a runbook is practised by itself, and with which inputs',
  permission: 'runbooks:practice',
  params: RunbookParams,
  body: PracticeChange,
  success: { status: 200, body: PracticePlan },
  errors: ['not_found', 'input_invalid'],
  handle: ({ params: { name }, body, actor }, { em }) =>
    em.transactional((tx) => changePractice(tx, name, body, actor)),
});
