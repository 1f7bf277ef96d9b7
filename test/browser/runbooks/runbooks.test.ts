import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { personWith } from '#test/api/personWith.ts';
import { becomes, fits, look, press } from '../browser.ts';
import { OpenedPages } from '../openPages.ts';

const holds = { rows: { atLeast: 1 } };
const definition = {
  title: 'Lose a rack',
  summary: 'When **one rack** is gone and the others are not.',
  budgetSeconds: 3600,
  inputs: [
    { name: 'rack', title: 'Which rack', type: 'choice', choices: ['north', 'south'] },
    { name: 'ticket', title: 'Ticket', type: 'text', required: false },
  ],
  steps: [
    {
      kind: 'manual',
      id: 'call',
      title: 'Open the incident call',
      role: 'Incident commander',
      instructions: 'Say that **{{inputs.rack}}** is gone.\n\n- in the channel\n- on the status page',
      message: 'We lost the rack {{inputs.rack}}.',
      asks: [{ name: 'channel', title: 'Channel of the call', type: 'text' }],
      budgetSeconds: 900,
    },
    {
      kind: 'parallel',
      id: 'look',
      title: 'Look at what is left',
      steps: [
        { kind: 'sql', id: 'registry', title: 'The registry answers', query: 'select 1 as one', expect: holds },
        { kind: 'wait', id: 'settle', title: 'Let it settle', seconds: 1 },
      ],
    },
    {
      kind: 'sql',
      id: 'spare',
      title: 'A spare is there',
      query: 'select 1 as one where false',
      expect: holds,
    },
    { kind: 'approval', id: 'agree', title: 'Agree to move', required: 1 },
    { kind: 'wait', id: 'end', title: 'Let it end', seconds: 1 },
  ],
};

describe('runbooks, in a browser', () => {
  let pages: OpenedPages;
  let [starter, other]: Page[] = [];
  const colleague = 'colleague@example.org';

  before(async function () {
    this.timeout(120_000);
    pages = await OpenedPages.start();
    await pages.api.installation.startWorker();
    const { cookie } = await personWith(pages.api.installation, [{ role: 'admin' }], colleague);
    starter = await pages.newPage(pages.api.cookie);
    other = await pages.newPage(cookie);
  });
  after(() => pages?.stop());

  it('are written with every finding at its line, and compared version by version', async () => {
    const page = starter!;
    await page.goto(pages.at('/runbooks/new'));
    const editor = page.getByLabel('Runbook, as JSON');
    const wrong = structuredClone(definition) as { steps: object[] };
    wrong.steps.push({ kind: 'action', id: 'fly', title: 'Fly away', action: 'pig.fly' });
    await editor.fill(JSON.stringify(wrong, null, 2));
    const finding = page.getByRole('button', { name: /steps\.5\.action/ });
    await finding.waitFor();
    await finding.click();
    await becomes(() => page.evaluate<string>('getSelection()?.toString()'), /pig\.fly/);
    await look(page, 'runbook-editor');

    await editor.fill(JSON.stringify(definition, null, 2));
    await page.getByText('It can be run').waitFor();
    await page.getByRole('button', { name: 'As people read it' }).click();
    await page.getByRole('heading', { name: 'Look at what is left' }).waitFor();
    await look(page, 'runbook-editor-read');
    await page.getByLabel('Name').fill('lose-a-rack');
    await press(page, 'Save as v1');
    await page.waitForURL('**/runbooks/lose-a-rack');
    await page.getByText('At the same time').waitFor();
    await look(page, 'runbook');
    await fits(page);

    await page.getByRole('link', { name: 'New version' }).click();
    await editor.waitFor();
    await editor.fill((await editor.inputValue()).replace('Let it end', 'Let it come to its end'));
    await page.getByLabel('What changed, and why').fill('Clearer words');
    await press(page, 'Save as v2');
    await page.waitForURL('**/runbooks/lose-a-rack?version=2&against=1');
    await becomes(() => page.locator('ins').textContent(), 'Let it come to its end');
    await page.getByRole('cell', { name: 'Clearer words' }).waitFor();
    await look(page, 'runbook-diff');
  });

  it('are followed by two people at once: each sees what the other does, and of two decisions one is heard', async () => {
    const [one, two] = [starter!, other!];
    await one.goto(pages.at('/runbooks'));
    await look(one, 'runbooks');
    await press(one, 'Practise Lose a rack');
    await press(one, 'Begin the practice');
    await one.locator('[aria-invalid=true]').first().waitFor();
    await one.getByLabel('Which rack').selectOption('south');
    await look(one, 'runbook-start');
    await press(one, 'Begin the practice');
    await one.waitForURL(/\/runbooks\/executions\/[0-9a-f-]{36}$/);
    await two.goto(one.url());

    // What is done by hand is told by one, and seen by the other.
    await two.getByRole('heading', { name: 'For Incident commander' }).waitFor();
    await two.getByText('We lost the rack south.').first().waitFor();
    await look(two, 'execution-manual');
    await press(one, 'It is done');
    await one.locator('[aria-invalid=true]').waitFor();
    await one.getByLabel('Channel of the call').fill('#rack');
    await press(one, 'It is done');

    // A step fails, and both decide: the second is told what the first decided.
    await one.getByRole('heading', { name: 'Waits for a decision' }).waitFor();
    await two.getByRole('heading', { name: 'Waits for a decision' }).waitFor();
    await look(one, 'execution-decision');
    let letGo = () => undefined as void;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await one.route('**/decision', async (route) => {
      await held;
      await route.continue();
    });
    await press(one, 'Retry: A spare is there');
    await press(two, 'Skip: A spare is there');
    await two.getByLabel('Why?').fill('The spare is on its way.');
    await press(two, 'Skip');
    await two.getByRole('heading', { name: 'Waits for approval' }).waitFor();
    letGo();
    const told = one.getByRole('alert');
    await told.getByText(colleague).waitFor();
    await told.getByText('The spare is on its way.').waitFor();
    await look(one, 'execution-overtaken');
    await one.getByRole('button', { name: 'I have seen it' }).click();

    // Who started it does not approve it; the other does, bound to what is shown.
    await one.getByText('Somebody else must approve').waitFor();
    await two.getByLabel('Write a note').fill('The call is quiet.');
    await press(two, 'Add');
    await one.getByRole('listitem').filter({ hasText: 'The call is quiet.' }).waitFor();
    await look(two, 'execution-approval');
    await press(two, 'Approve');
    await one.getByText('Succeeded').first().waitFor();
    await two.getByText('Succeeded').first().waitFor();
    await look(one, 'execution-over');
    await fits(one);
  });

  it('leave a report to download and to print', async () => {
    const page = other!;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Report', exact: true }).click(),
    ]);
    assert.match(await readFile(await download.path(), 'utf8'), /# Lose a rack[\s\S]*The spare is on its way\./);
    await page.getByRole('link', { name: 'To print' }).click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    await page.getByRole('cell', { name: 'The spare is on its way.' }).first().waitFor();
    await look(page, 'execution-report');
    await fits(page);
  });

  it('are practised by themselves as somebody chooses, with the inputs that it takes', async () => {
    const page = starter!;
    await page.goto(pages.at('/runbooks/lose-a-rack'));
    const card = page.getByRole('region', { name: 'Practice' });
    await card.getByText('It cannot be practised by itself: inputs.rack is missing').waitFor();
    await press(page, 'Change…');
    await page.getByLabel('Every so many days').fill('0');
    await press(page, 'Save');
    await page.locator('[aria-invalid=true]').waitFor();
    await page.getByLabel('Every so many days').fill('14');
    await page.getByLabel('Which rack').selectOption('north');
    await look(page, 'practice-plan');
    await press(page, 'Save');
    await card.getByText('By itself every 14 days').waitFor();
    await becomes(() => card.getByText('It cannot be practised').count(), 0);
    await look(page, 'runbook-practice');
    await page.goto(pages.at('/runbooks/practice'));
    await page.getByRole('row').filter({ hasText: 'Lose a rack' }).getByText('every 14 d').waitFor();
    await page.getByRole('row').filter({ hasText: 'Lose the primary' }).getByText('Needs inputs').waitFor();
  });

  it('tell when they were practised, and what is not ready; who may only read starts nothing', async () => {
    const { cookie } = await personWith(pages.api.installation, [{ role: 'auditor' }]);
    const page = await pages.newPage(cookie);
    await page.goto(pages.at('/runbooks'));
    await page.getByRole('link', { name: 'Lose a rack' }).waitFor();
    await becomes(() => page.getByRole('button', { name: /Practise|Start/ }).count(), 0);
    await page.getByRole('link', { name: 'Practice' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Lose a rack' });
    await row.getByRole('link', { name: 'practised to its end' }).waitFor();
    await look(page, 'practice-calendar');
    await fits(page);
    await page.getByRole('link', { name: 'Readiness' }).click();
    await page.getByRole('row').filter({ hasText: 'Lose a rack' }).getByText('Practised').first().waitFor();
    await look(page, 'readiness');
    await fits(page);
  });
}).timeout(60_000);
