import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupBranches } from './backups/backupBranches.ts';
import { libBranches } from './libBranches.ts';
import { platformBranches, type Branches } from './platformBranches.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Which scenario walks each branch of a workflow: `[what the line holds, test file, what the scenario's title holds]`. Coverage
 * tools do not see into the bundle, so this list is the measure; it fails when a branch comes without a scenario. A guard that no
 * run can meet has no test file and says why.
 */
const branches: Branches = {
  ...libBranches,
  ...platformBranches,
  ...backupBranches,
  'findings/checkDrift.ts': [
    ['for (let batch = 0;', 'findings/driftKilled', 'goes on with the batch'],
    [
      'if (batch === batchesInHistory)',
      null,
      'ten thousand resources; what it continues with is the run, as in every batch',
    ],
  ],
  'delivery/deliverInvitation.ts': [
    ["skipped ? 'skipped' : 'done'", 'deliverInvitation', 'is skipped, with the reason'],
    ['} catch (error) {', 'deliverInvitation', 'refused for good'],
    ['if (refusal) throw', 'deliverInvitation', 'refused for good'],
  ],
  'delivery/deliverStep.ts': [
    ['for (const planned of', 'outside/httpSteps', 'is carried out by a run of its own'],
    ['} catch (error) {', 'outside/httpSteps', 'that is refused for good leaves the tenant active'],
    ['if (refusal) throw', 'outside/httpSteps', 'that is refused for good leaves the tenant active'],
  ],
  'tenant/deprovisionTenant.ts': [
    [
      "if (isCertified) await counting['erasure.countBefore']",
      'offboarding/offboardTenant',
      'a removal at once ends with',
    ],
    [
      "if (isCertified) await patient['erasure.removeExports']",
      'offboarding/offboardTenant',
      'a removal at once ends with',
    ],
    [
      "if (isCertified) await counting['erasure.countAfter']",
      'offboarding/offboardTenant',
      'a removal at once ends with',
    ],
    ['const followUp = isCertified ?', null, 'histories from before there were certificates; see test/replay'],
    ['if (followUp)', 'offboarding/offboardTenant', 'a removal at once ends with'],
    ["if (outcome !== 'succeeded')", 'deprovisionTenant', 'goes past a destroy that fails'],
  ],
  'tenant/offboardTenant.ts': [
    ['for (const planned of', 'offboarding/offboardTenant', 'copies it, waits'],
    ['done.includes(planned.id) ?', 'offboarding/interrupted', 'goes on where it was when it is started forward again'],
    ['if (!isErasing)', 'offboarding/interrupted', 'goes on where it was when it is started forward again'],
    [
      'if (!isOver)',
      null,
      'three hundred looks at a hold; what it continues with is the run, whose done steps are not repeated',
    ],
    ["if (planned.kind === 'check')", 'offboarding/offboardTenant', 'copies it, waits'],
    ["if (planned.provider === 'export')", 'offboarding/offboardTenant', 'copies it, waits'],
    ["if (planned.provider === 'handover')", 'offboarding/offboardTenant', 'copies it, waits'],
    ['for (let looks', 'offboarding/offboardTenant', 'waits for as long as a legal hold'],
    ['if (answer.isOver)', 'offboarding/offboardTenant', 'erases everything when its time is over'],
    ['if (followUp)', 'offboarding/offboardTenant', 'erases everything when its time is over'],
    ["if (outcome !== 'succeeded')", 'offboarding/interrupted', 'goes past a destroy that fails'],
  ],
  'platform/shredTenantKey.ts': [
    ['for (const { id: stepId', 'offboarding/offboardTenant', 'erases everything when its time is over'],
    ["subjectId ?? ''", null, 'the transaction that writes the run writes what it is about'],
    ['switch (provider)', 'offboarding/offboardTenant', 'erases everything when its time is over'],
  ],
  'tenant/finishRollback.ts': [["if (outcome !== 'succeeded')", 'terminated', 'finish a rollback that got stuck']],
  'tenant/onboardTenant.ts': [
    ['for (;;) {', 'onboarding/onboardTenant', 'begins when the admin was invited'],
    ['switch (next.do) {', 'onboarding/ladder', 'reminds on its four days of sixty'],
    ["if (await activities['onboarding.finish']", 'onboarding/onboardTenant', 'begins when the admin was invited'],
    ['if (workflowInfo()', null, 'two thousand events; what it continues with is the run, as in every look'],
    ['} catch (error) {', 'onboarding/onboardTenant', 'is cancelled on request'],
    ['if (isCancellation(error)) await', 'onboarding/onboardTenant', 'is cancelled on request'],
    ['if (isCancellation(error)) throw', null, 'what is thrown on is met by the branch above'],
  ],
  'tenant/planTenant.ts': [],
  'tenant/provisionTenant.ts': [
    ['for (const planned of', 'provisionTenant', 'gives it database, realm and bucket'],
    ['for (const deliveryRunId of', 'killed', 'its admin is invited once'],
    ['opened === null ?', null, 'what histories of earlier versions hold; see test/replay'],
  ],
  'tenant/suspendTenant.ts': [['for (const planned of', 'life/suspension', 'refuses the tenant everywhere']],
  'tenant/resumeTenant.ts': [['for (const planned of', 'life/suspension', 'opens what the suspension closed']],
  'tenant/renameTenant.ts': [],
  'tenant/drillTenant.ts': [],
  'tenant/rotateTenantSecrets.ts': [
    ['for (;;)', 'handover/rotateTenantSecrets', 'both passwords work until the overlap is over'],
    ['if (look.isGone)', 'handover/rotateTenantSecrets', 'ends with its tenant'],
    ["look[time] ?? ''", null, 'both times are written before either is waited for'],
    ['if (!(leftMs > 0))', 'handover/rotateTenantSecrets', 'again and again'],
    [
      "if (run.steps.some(({ provider }) => provider === 'secrets.sign'))",
      'handover/rotateTenantSecrets',
      'publishes the new key',
    ],
    ['  } catch (error) {', 'handover/rotateTenantSecrets', 'taken back during the overlap'],
    ["if (outcome === 'cancelled')", 'handover/rotateTenantSecrets', 'taken back during the overlap'],
  ],
  'tenant/renewLicense.ts': [
    ['? takeBeside(', 'renewals/renewLicense', 'waits until an operator has seen the money'],
    ['if (isPriced(run)) {', 'renewals/renewLicense', 'asks nobody for money'],
    ['  } catch (error) {', 'renewals/renewLicense', 'is taken back when the money does not come'],
    ['(isCaptured ? strand', 'renewals/byCard', 'was revoked in the moment in which it was paid'],
    ['for (;;)', 'renewals/renewLicense', 'waits for a decision, and goes on when it is yes'],
    ['if (!asked) return', 'renewals/byCard', 'holds the money, takes it once'],
    ["if (taken?.kind === 'roll_back')", 'renewals/renewLicense', 'is taken back when it is no'],
    ['if (taken) return', 'renewals/renewLicense', 'waits for a decision, and goes on when it is yes'],
    ['if (leftMs <= 0)', 'renewals/quoteEnds', 'is taken back when its quote is no longer good'],
    ['if (answer.isHeld) return', 'renewals/byCard', 'goes on when the bank has agreed'],
    ['if (isPriced(run)) await undo', 'renewals/renewLicense', 'was revoked before'],
    ["if (outcome === 'cancelled')", 'renewals/byCard', 'lets go what is held when it is taken back'],
  ],
  'tenant/changeOwnership.ts': [
    ['for (;;)', 'handover/changeOwnership', 'reminds twice'],
    ["if (answered === 'agreed')", 'handover/changeOwnership', 'to a member who agrees'],
    ['if (answered) {', 'handover/changeOwnership', 'not when it is declined'],
    ['} catch (error) {', 'handover/changeOwnership', 'not when the person was removed'],
    ["if (outcome === 'cancelled')", 'handover/changeOwnership', 'not after it was taken back'],
  ],
  'findings/removeOrphan.ts': [
    ['if (!subjectId) throw', null, 'the transaction that writes the run writes what it is about'],
    ['} catch (error) {', 'findings/sweep', 'is not removed when the registry knows it by the time'],
  ],
  'findings/sweepOrphans.ts': [
    ['for (let page = 0;', 'findings/sweep', 'is found in every system'],
    [
      'if (page === pagesInHistory)',
      null,
      'a hundred thousand things; what it continues with is the run, as in every page',
    ],
  ],
  'findings/repairResource.ts': [
    ['for (const planned of', 'findings/drift', 'is brought back when a person asks for it'],
    ['} catch (error) {', 'findings/drift', 'stays open with the reason when the repair fails'],
  ],
  'fleet/importTenants.ts': [
    ["if (next === 'check')", 'imports/importTenants', 'checks every line first, waits'],
    ["if (next === 'wait' || next === 'held')", 'imports/importTenants', 'pauses, goes on, and when it is cancelled'],
    ["if (next === 'more')", 'imports/importTenants', 'checks every line first, waits'],
  ],
  'platform/reissueLicenses.ts': [
    ["subjectId ?? ''", null, 'the transaction that writes the run writes what it is about'],
    ['for (let batch = 0;', 'renewals/reissueLicenses', 'are signed anew, counted'],
    [
      'if (batch === batchesInHistory)',
      null,
      'twenty thousand licences; what it continues with is the run, as in every batch',
    ],
  ],
  'platform/startScheduledRun.ts': [['if (runId)', 'findings/schedules', 'starts no second run']],
  'platform/drainDue.ts': [
    ['ofSize.has(kind) ? atLength', 'schedules/drains', 'as long as they are big'],
    ['for (let batch = 0;', 'schedules/drains', 'works off what is due'],
    ['if (drained.isOver)', 'schedules/drains', 'works off what is due'],
  ],
  'fleet/migrateFleet.ts': [
    ["if (next.is === 'waiting')", 'fleet/migrateFleet', 'leaves a tenant that another run is changing'],
    ["if (next.is === 'held')", 'fleet/migrateFleet', 'goes on when a person says so'],
  ],
};

const branching = /\bif \(|\bcatch\b|\bfor \(|\bwhile \(|\bswitch \(|\s\? |\s\?\? /;

describe('every branch of a workflow', () => {
  const files = readdirSync(join(root, 'workflows'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && file !== 'index.ts',
  );

  it('lies in a file that is listed here', () => {
    assert.deepEqual(files.toSorted(), Object.keys(branches).toSorted());
  });

  for (const file of files)
    it(`of ${file} is walked by a scenario`, () => {
      const lines = readFileSync(join(root, 'workflows', file), 'utf8')
        .split('\n')
        .filter((line) => branching.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line));
      const listed = branches[file] ?? [];
      const without = lines.filter((line) => !listed.some(([code]) => line.includes(code)));
      assert.deepEqual(without, []);
      for (const [code, scenario, title] of listed) {
        assert.ok(
          lines.some((line) => line.includes(code)),
          `${file} has no ${code} any more`,
        );
        if (scenario === null) continue;
        const text = readFileSync(join(root, `test/scenarios/${scenario}.test.ts`), 'utf8');
        const titles = text.split('\n').filter((line) => /\bit\($|\bit\(['"`]|^\s+['"`]/.test(line));
        assert.ok(
          titles.some((line) => line.includes(title)),
          `${scenario} has no scenario “${title}”`,
        );
      }
    });
});
