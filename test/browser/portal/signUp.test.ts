import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { becomes, look, press } from '../browser.ts';
import { MailedLinks } from './mailedLinks.ts';
import { OpenedPages } from '../openPages.ts';

const ann = 'ann@school.example';

describe('signing up an organisation, in browsers', () => {
  let pages: OpenedPages;
  let mails: MailedLinks;
  /** Olga of the platform, and Ann, whom nobody knows yet. */
  let olga: Page;
  let page: Page;

  before(async function () {
    this.timeout(120_000);
    mails = await MailedLinks.open();
    pages = await OpenedPages.start({ SMTP_URL: mails.smtpUrl });
    await pages.api.installation.startWorker();
    olga = await pages.newPage(pages.api.cookie);
    page = await pages.newPage();
  });
  after(async () => {
    await pages?.stop();
    await mails?.close();
  });

  const settings = async (change: (form: ReturnType<Page['getByRole']>) => Promise<void>) => {
    await olga.goto(pages.at('/settings/sign-ups'));
    const form = olga.getByRole('form', { name: 'Sign-up' });
    await change(form);
    await press(olga, 'Save');
    await form.getByText(/^Changed/).waitFor();
  };

  async function signUp(organisation: string, email: string): Promise<void> {
    await page.goto(pages.at('/sign-up'));
    await page.getByLabel('Organisation').fill(organisation);
    await page.getByLabel('Your e-mail address').fill(email);
    await press(page, 'Send me the link');
    await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor();
  }

  it('is closed until the platform opens it, and says so', async () => {
    await page.goto(pages.at('/sign-up'));
    await page.getByRole('heading', { name: 'Sign-up is closed' }).waitFor();
    await settings(async (form) => {
      await form.getByRole('switch').first().check();
      await form.getByRole('switch').last().uncheck();
      await form.getByRole('checkbox').first().check();
    });
    await look(olga, 'sign-up-settings');
  });

  it('tells at its field what cannot be, and proposes an address from the name', async () => {
    await page.goto(pages.at('/sign-up'));
    await page.getByLabel('Organisation').fill('École Élémentaire');
    await becomes(() => page.getByLabel('Address of your portal').inputValue(), 'ecole-elementaire');
    await page.getByLabel('Your e-mail address').fill('nowhere');
    await press(page, 'Send me the link');
    await page.locator('[name=email][aria-invalid=true]').waitFor();
    await look(page, 'sign-up');
  });

  it('leads from the mail to a tenant that is being set up, and by the invitation into its portal', async () => {
    await signUp('École Élémentaire', ann);
    const link = await mails.next(ann, '/sign-up/confirm');
    await page.goto(link);
    await page.getByRole('heading', { name: 'Is this right?' }).waitFor();
    assert.equal(new URL(page.url()).hash, ''); // the token is in no history
    await press(page, 'Yes, set it up');
    await page.getByRole('heading', { name: 'École Élémentaire is ready' }).waitFor();
    await look(page, 'sign-up-ready');

    await page.goto(link);
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await page.goto(await mails.next(ann, '/portal/ecole-elementaire/accept'));
    await page.getByLabel('Password', { exact: true }).fill('velvet marmot orbit 7');
    await page.keyboard.press('Enter');
    await page.waitForURL(pages.at('/portal/ecole-elementaire'));
    await page.getByRole('heading', { name: 'Getting ready' }).waitFor();
  });

  it('waits for approval where the platform wants to look first: approved it is set up, refused it hears why', async () => {
    await settings(async (form) => form.getByRole('switch').last().check());
    for (const [organisation, email] of [
      ['Good School', 'good@school.example'],
      ['Not A School', 'bad@other.example'],
    ] as const) {
      await signUp(organisation, email);
      await page.goto(await mails.next(email, '/sign-up/confirm'));
      await press(page, 'Yes, ask for it');
      await page.getByRole('heading', { name: 'Thank you: we look at it' }).waitFor();
    }
    await olga.goto(pages.at('/settings/sign-ups?state=waiting'));
    await olga.getByText('2 wait for you').waitFor();
    await press(olga, 'Refuse… Not A School');
    await olga.getByLabel('Why not?').fill('We serve schools only.');
    await press(olga, 'Refuse');
    await olga.getByText('1 waits for you').waitFor();
    await press(olga, 'Approve… Good School');
    await press(olga, 'Set it up');
    await olga.getByText('None in this state').waitFor();
    await olga.goto(pages.at('/settings/sign-ups'));
    await olga.getByText('We serve schools only.').waitFor();
    await look(olga, 'sign-up-list');
    await mails.next('good@school.example', '/portal/good-school/accept');
  });

  it('meets no error in the console on the way', () => assert.deepEqual(pages.complaints, []));
});
