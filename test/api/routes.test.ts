import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import type { Problem } from '#contracts/problems.ts';
import { routeTable } from '#api/routeTable.ts';
import type { AnyRoute } from '#api/route.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueWorkerToken } from '#domain/workerTokens/workerTokens.ts';
import { ApiInstallation, insides, type Answer, type Asking } from './apiInstallation.ts';
import { personWith } from './personWith.ts';
import { TestAccount } from './signIn/testAccount.ts';
import { webhookSecret } from './renewals/renewalCases.ts';
import { smallPolicy } from './licenses/smallPolicy.ts';
import { anyHandOver, anyRequest } from './backups/arrivalCases.ts';
import { routeCases, type OperationId, type Request, type World } from './cases/routeCases.ts';

/** Their runs wait for a person where they fail. */
const patientSteps = [
  { kind: 'resource', provider: 'database', title: 'Create the database' },
  { kind: 'resource', provider: 'storage', title: 'Create the storage bucket', onFailure: 'wait' },
];
const unknownId = '019a0000-0000-7000-8000-000000000000';

describe('every route', () => {
  const world = { stepIn: async () => undefined } as unknown as World;
  const cases = routeCases(world);
  let api: ApiInstallation;

  before(async () => {
    api = await ApiInstallation.start(
      (same) => {
        const physical = { ...same.physical };
        world.physical = physical as World['physical'];
        return { ...same, physical };
      },
      { STRIPE_WEBHOOK_SECRETS: webhookSecret },
    );
    world.api = api;
    await api.installation.startWorker((position, attempt) => world.stepIn(position, attempt));
    await api.installation.addPlan('patient', patientSteps);
    world.active = await api.installation.provision({
      name: 'Åbo Akademi',
      slug: 'abo',
      admin: { email: 'a@example.org' },
    });
    world.workerToken = (await issueWorkerToken(api.installation.em, token, theSystem)).token;
  });
  /** Of the active tenant; none of the cases ends this session. */
  let portalAdmin: string;
  before(async () => (portalAdmin = (await TestAccount.joinTenant(api, world.active, 'tenant-admin')).cookie));
  const token = { name: 'CRM', taskQueue: 'crm', days: 1 };
  after(() => api.stop());

  /** Signed in, with a role that nothing is permitted to. */
  let stranger: string;
  before(async () => {
    stranger = (await personWith(api.installation, [])).cookie;
  });

  /** Public on purpose; a route that becomes so by mistake is found here. */
  const open: OperationId[] = [
    'claimOwner', 'createSession', 'readPortal', 'readIssuer', 'readIssuerKeys', 'readLiveness', 'readReadiness',
    'answerCallback', 'answerSecondFactor', 'askForSecondFactor', 'askForSignInPasskey', 'signInByPasskey', 'checkLink',
    'acceptInvitation', 'resetPassword', 'confirmEmail', 'askForPasswordReset', 'readSupportConsent',
    'answerSupportConsent', 'checkOwnershipLink', 'answerOwnershipLink', 'readPortalSession', 'createPortalSession', 'answerPortalSecondFactor', 'askForPortalSecondFactor',
    'askForPortalSignInPasskey', 'signInToPortalByPasskey', 'checkPortalLink', 'acceptPortalInvitation', 'resetPortalPassword',
    'confirmPortalEmail', 'askForPortalPasswordReset', 'checkExportLink', 'takeExportTicket', 'downloadExport', 'readSignUpOffer',
    'createSignUp', 'checkSignUpLink', 'proveSignUp', 'readLicenseKeys', 'readRevocationList', 'takeStripeMessage',
  ]; // prettier-ignore

  const pathOf = (route: AnyRoute, params: Record<string, string> = {}): string =>
    route.path.replace(
      /\{(\w+)\}/g,
      (_whole, name: string) =>
        params[name] ??
        (name === 'slug' && route.portal ? world.active.slug : undefined) ??
        {
          slug: 'nowhere',
          version: '404',
          act: 'unknown_act',
          role: 'nobody',
          item: 'first_members',
          ticket: `tex_${'0'.repeat(28)}`,
        }[name] ??
        unknownId,
    );
  /** As the owner; where only workers or the people of a tenant may ask, as one of them. */
  const ask = (route: AnyRoute, method: string, path: string, asking: Asking = {}): Promise<Answer> =>
    api.ask(method, path, {
      ...(route.permission === 'worker'
        ? { cookie: null, headers: { authorization: `Bearer ${world.workerToken}` } }
        : {}),
      ...(route.portal ? { cookie: portalAdmin } : {}),
      ...asking,
    });
  const send = (route: AnyRoute, { params, ...asking }: Request): Promise<Answer> =>
    ask(route, route.method.toUpperCase(), pathOf(route, params), asking);
  const assertProblem = (answer: Answer, status: number, code: Problem['code']): Problem => {
    const problem = answer.body as unknown as Problem;
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.equal(problem.code, code);
    assert.equal(problem.requestId, answer.headers['x-request-id']);
    assert.doesNotMatch(answer.text, insides);
    return problem;
  };
  const anyBody = (route: AnyRoute): Asking => ('body' in route && route.body ? { body: {} } : {});

  for (const [id, route] of Object.entries(routeTable) as [OperationId, AnyRoute][]) {
    describe(`${id} (${route.method.toUpperCase()} ${route.path})`, () => {
      it('succeeds', async () => {
        const answer = await send(route, await cases[id].succeeds());
        assert.equal(answer.status, 'success' in route ? route.success.status : 200, answer.text);
        await cases[id].shows(answer);
      });

      it('refuses a parameter that it does not know with 400', async () => {
        const path = `${pathOf(route, { tenantId: world.active.tenantId, runId: world.active.runId })}?nonsense=1`;
        const answer = await ask(route, route.method.toUpperCase(), path, anyBody(route));
        assert.deepEqual(assertProblem(answer, 400, 'invalid_request').fields, [
          { path: 'nonsense', message: 'is unknown' },
        ]);
      });

      if ('body' in route && route.body)
        it('refuses a field that it does not know, and a body that is no object, with 400', async () => {
          const unknown = await send(route, { body: { nonsense: 1 } });
          const { fields } = assertProblem(unknown, 400, 'invalid_request');
          assert.ok(fields?.some(({ path }) => path === 'nonsense'));
          for (const body of [[], null, 7, 'x']) assertProblem(await send(route, { body }), 400, 'invalid_request');
        });
      else if (route.method !== 'get' && !('file' in route))
        it('refuses a body, which it does not take, with 400', async () => {
          assertProblem(await send(route, { body: { nonsense: 1 } }), 400, 'invalid_request');
        });

      it(open.includes(id) ? 'answers without a sign-in' : 'refuses without a sign-in with 401', async () => {
        assert.equal(route.permission === 'public' || route.portal === 'public', open.includes(id));
        for (const cookie of [null, 'tenantry=', 'tenantry=x', `tenantry=${'A'.repeat(43)}`]) {
          const answer = await send(route, { ...anyBody(route), cookie, headers: {} });
          if (open.includes(id)) assert.notEqual((answer.body as { code?: string }).code, 'unauthenticated');
          else assertProblem(answer, 401, 'unauthenticated');
        }
      });

      if (!['public', 'signed-in', 'worker', 'portal'].includes(route.permission))
        it('refuses with 403 whose role does not permit it', async () => {
          assertProblem(await send(route, { ...anyBody(route), cookie: stranger }), 403, 'forbidden');
        });

      if (route.params) {
        it('answers 404 for what is not there', async () => {
          const body = {
            startImport: {},
            pauseSchedule: { reason: 'x' },
            backfillSchedule: { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
            updateTenant: { name: 'x' },
            skipOnboardingItem: { reason: 'x' },
            skipPortalOnboardingItem: { reason: 'x' },
            updateOnboardingPlan: { reminderDays: [1] },
            choosePortalMailDomain: { domain: 'example.org' },
            setPortalBillingContact: { name: 'x', email: 'x@example.org' },
            approveSignUp: {},
            refuseSignUp: { reason: 'x' },
            correctAdminInvitation: { email: 'x@example.org' },
            updatePasskey: { name: 'x' },
            changeRole: { expectedVersion: 1, title: 'x' },
            assignRole: { role: 'support', scope: { kind: 'platform' } },
            deleteTenant: { confirm: 'x' },
            rotateSecrets: { confirm: 'x' },
            planTenantRestore: { backupId: '00000000-0000-4000-8000-000000000000', mode: 'in_place' },
            restoreTenantInPlace: { backupId: '00000000-0000-4000-8000-000000000000', confirm: 'x' },
            restoreTenantBeside: { backupId: '00000000-0000-4000-8000-000000000000', name: 'x' },
            planTenantRecovery: { at: '2026-01-01T00:00:00Z', mode: 'copy' },
            copyTenantOfMoment: { at: '2026-01-01T00:00:00Z' },
            recoverTenantInPlace: { at: '2026-01-01T00:00:00Z', confirm: 'x' },
            recoverTenantBeside: { at: '2026-01-01T00:00:00Z', name: 'x' },
            planArrival: { file: anyHandOver },
            bringTenant: { file: anyHandOver, signer: 'x', name: 'x' },
            handOverBackup: { backupId: unknownId, request: anyRequest, fingerprint: 'x' },
            offboardTenant: { confirm: 'x' },
            holdTenantErasure: { reason: 'Because.' },
            holdBackup: { reason: 'Because.' },
            changeOwnership: { confirm: 'x', to: { email: 'x@example.org' } },
            suspendTenant: { confirm: 'x', reason: 'Because.' },
            changeSuspension: { notice: null },
            renameTenant: { confirm: 'x', slug: 'elsewhere' },
            updateNotificationTarget: { enabled: true },
            assignTask: { assignee: null },
            closeTask: { note: 'x' },
            updatePlan: { blueprintVersion: 1, expectedVersion: 1 },
            updatePlanLicensing: { policy: null, expected: null },
            updatePlanOffboarding: { graceDays: 1, expected: null },
            updateBackupPolicy: { rules: usualBackupRules, expectedVersion: 1 },
            pausePlanBackups: { reason: 'x' },
            pauseTenantBackups: { reason: 'x' },
            rotateLicenseKey: {},
            issueLicense: {},
            revokeLicense: {},
            reissueLicense: {},
            overrideLicenseEntitlement: { name: 'x', entitlement: null },
            transferLicense: { to: unknownId },
            changeTenantPlan: { plan: 'standard', expected: 'another' },
            setLicensePrice: { currency: 'EUR', amount: 1 },
            updateTenantBilling: { provider: 'manual' },
            quoteLicenseRenewal: {},
            renewLicense: {},
            settleRenewalPayment: { outcome: 'paid' },
            createLicensePolicyVersion: { baseVersion: 1, rules: smallPolicy },
            createBlueprintVersion: { baseVersion: 1, steps: [{}] },
            createRunbookVersion: { baseVersion: 1, definition: { title: 'x', steps: [] } },
            startRunbook: {},
            practiseRunbook: {},
            updateRunbookPractice: { everyDays: 7 },
            decideRunbookStep: { version: 1, decision: 'retry' },
            completeRunbookStep: { version: 1, outcome: 'done' },
            approveRunbookStep: { boundTo: '0'.repeat(64), verdict: 'approve' },
            pauseRunbookExecution: {},
            resumeRunbookExecution: {},
            noteOnRunbookExecution: { note: 'x' },
            setRunbookBreakpoint: { on: true },
            answerCallback: { outcome: 'done' },
            rotateApiKey: { overlapHours: 1 },
            startTenantDrill: {},
            decideRun: { version: 1, decision: 'retry' },
            setRunBreakpoint: { on: true },
            decideApproval: { verdict: 'approve' },
            updateApprovalPolicy: { expected: 0, required: 0 },
            acceptOrphan: { reason: 'x', until: new Date(Date.now() + 86_400_000).toISOString() },
            acceptDriftFinding: { reason: 'x', until: new Date(Date.now() + 86_400_000).toISOString() },
          }[id as string];
          const params = route.portal ? { params: { slug: 'nowhere' } } : {};
          assertProblem(await send(route, { ...(body ? { body } : {}), ...params }), 404, 'not_found');
        });

        it('refuses an id that is none with 400', async () => {
          for (const bad of ['x_', '%00', '..%2f', "'--", `${randomUUID()}_`]) {
            const name = /\{(\w+)\}/.exec(route.path)?.[1] ?? '';
            const path = route.path.replace(`{${name}}`, bad);
            const answer = await api.ask(route.method.toUpperCase(), path, anyBody(route));
            assert.equal(assertProblem(answer, 400, 'invalid_request').fields?.[0]?.path, name);
          }
        });
      } else {
        it('answers 404 below it', async () => {
          const answer = await api.ask(route.method.toUpperCase(), `${route.path}/nothing/here`, anyBody(route));
          assertProblem(answer, 404, 'not_found');
        });
      }

      it('refuses other methods with 405 and says which it knows', async () => {
        const answer = await api.ask('PUT', pathOf(route));
        assertProblem(answer, 405, 'method_not_allowed');
        assert.ok(answer.headers.allow?.split(', ').includes(route.method.toUpperCase()));
      });
    });
  }

  it('is in the table under its own name and declares a permission', () => {
    for (const [id, route] of Object.entries<AnyRoute>(routeTable)) {
      assert.ok(id in cases);
      assert.ok(route.permission);
    }
  });
}).timeout(60_000);
