import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * Which scenario walks each branch of a workflow: `[what the line holds, test file, what the scenario's title holds]`. Coverage
 * tools do not see into the bundle, so this list is the measure; it fails when a branch comes without a scenario. A guard that no
 * run can meet has no test file and says why.
 */
const branches: Record<string, [code: string, file: string | null, titleOrReason: string][]> = {
  'checkDrift.ts': [
    ['for (let batch = 0;', 'findings/driftKilled', 'goes on with the batch'],
    [
      'if (batch === batchesInHistory)',
      null,
      'ten thousand resources; what it continues with is the run, as in every batch',
    ],
  ],
  'deliverInvitation.ts': [
    ["skipped ? 'skipped' : 'done'", 'deliverInvitation', 'is skipped, with the reason'],
    ['} catch (error) {', 'deliverInvitation', 'refused for good'],
    ['if (refusal) throw', 'deliverInvitation', 'refused for good'],
  ],
  'deliverStep.ts': [
    ['for (const planned of', 'outside/httpSteps', 'is carried out by a run of its own'],
    ['} catch (error) {', 'outside/httpSteps', 'that is refused for good leaves the tenant active'],
    ['if (refusal) throw', 'outside/httpSteps', 'that is refused for good leaves the tenant active'],
  ],
  'deprovisionTenant.ts': [["if (outcome !== 'succeeded')", 'deprovisionTenant', 'goes past a destroy that fails']],
  'finishRollback.ts': [["if (outcome !== 'succeeded')", 'terminated', 'finish a rollback that got stuck']],
  'planTenant.ts': [],
  'provisionTenant.ts': [
    ['for (const planned of', 'provisionTenant', 'gives it database, realm and bucket'],
    ['for (const deliveryRunId of', 'killed', 'its admin is invited once'],
    ['opened === null ?', null, 'what histories of earlier versions hold; see test/replay'],
  ],
  'removeOrphan.ts': [
    ['if (!subjectId) throw', null, 'the transaction that writes the run writes what it is about'],
    ['} catch (error) {', 'findings/sweep', 'is not removed when the registry knows it by the time'],
  ],
  'applyRetention.ts': [
    ['for (let batch = 0;', 'retention', 'goes in batches'],
    [
      'if (batch === batchesInHistory)',
      null,
      'a hundred thousand rows; what it continues with is the run, as in every batch',
    ],
  ],
  'sweepOrphans.ts': [
    ['for (let page = 0;', 'findings/sweep', 'is found in every system'],
    [
      'if (page === pagesInHistory)',
      null,
      'a hundred thousand things; what it continues with is the run, as in every page',
    ],
  ],
  'repairResource.ts': [
    ['for (const planned of', 'findings/drift', 'is brought back when a person asks for it'],
    ['} catch (error) {', 'findings/drift', 'stays open with the reason when the repair fails'],
  ],
  'startScheduledRun.ts': [['if (runId)', 'findings/schedules', 'starts no second run']],
  'lib/policies.ts': [],
  'lib/reason.ts': [
    ['if (isCancellation(error))', 'provisionTenant', 'ends cancelled and clean'],
    ['error instanceof ActivityFailure ?', 'provisionTenant', 'leaves nothing behind when'],
    ['cause instanceof CancelledFailure', null, 'isCancellation has answered for it already'],
    ['cause instanceof TimeoutFailure', 'frozen', 'the late attempt leaves nothing'],
    ["cause.type ?? 'internal'", 'provisionTenant', 'leaves nothing behind when'],
  ],
  'lib/removeEach.ts': [
    ['for (const planned of', 'deprovisionTenant', 'leaves nothing of it'],
    ['} catch (error) {', 'deprovisionTenant', 'goes past a destroy that fails'],
  ],
  'lib/saga.ts': [
    [
      'if (!mayHaveBegun && CancellationScope.current().consideredCancelled',
      'decisions',
      'begins nothing after a cancel',
    ],
    ['const promise = undo ?', 'provisionTenant', 'leaves nothing behind when'],
    ['if (promise) promised.push', 'provisionTenant', 'leaves nothing behind when'],
    ['for (let skip = false', 'decisions', 'retries a step that failed for good'],
    ['if (skip && promise)', 'decisions', 'skips a step that may be skipped'],
    ['else if (!skip) await act', 'provisionTenant', 'gives it database, realm and bucket'],
    ["if (skip) await report(run, planned, 'skipped'", 'decisions', 'skips a step that may be skipped'],
    ['else if (!planned.isLocal)', 'provisionTenant', 'gives it database, realm and bucket'],
    ['      } catch (error) {', 'provisionTenant', 'leaves nothing behind when'],
    ['if (isCancellation(error))', 'provisionTenant', 'ends cancelled and clean'],
    ['if (!held) failure', 'decisions', 'rolls back instead'],
    ["if (!held && planned.onFailure !== 'wait')", 'provisionTenant', 'leaves nothing behind when'],
    ['held ? waiting.forRelease', 'decisions', 'stops a run at a breakpoint'],
    ["if (taken.kind === 'roll_back')", 'decisions', 'rolls back instead'],
    ['if (taken.inputNumber !== null)', 'outside/customSteps', 'is retried with another input'],
    ['for (const inputNumber of', 'provisionTenant', 'leaves nothing behind when'],
    ['if (failures.length > 0)', 'decisions', 'when the undo of what is skipped fails'],
    ['  } catch (error) {', 'provisionTenant', 'leaves nothing behind when'],
    ['const deed = isLeft ?', 'otherCluster', 'takes over when a person says so'],
    ['return deed ?', 'otherCluster', 'takes over when a person says so'],
    ['for (const promise of promised)', 'provisionTenant', 'leaves nothing behind when'],
    ['    } catch (error) {', 'provisionTenant', 'when an undo fails for good'],
    ["if (outcome === 'cancelled')", 'provisionTenant', 'ends cancelled and clean'],
  ],
  'lib/customSteps.ts': [
    ['patience.totalMs === null ?', 'outside/customSteps', 'is carried out after the doors'],
    ['for (let attempt = 1', 'outside/customSteps', 'is asked again when its worker stumbles'],
    ['} catch (error) {', 'outside/customSteps', 'is asked again when its worker stumbles'],
    ['if (isFirst && wasNeverTaken', 'outside/customSteps', 'nobody serves the queue'],
    ['if (!undo) return', null, 'a step before the doors has an undo: the blueprint is refused without'],
    ['if (!call) return', 'outside/customSteps', 'nobody serves the queue'],
    ['error instanceof ActivityFailure ?', 'outside/customSteps', 'nobody serves the queue'],
    ['if (cause instanceof TimeoutFailure) return cause.timeoutType', 'outside/customSteps', 'nobody serves the queue'],
    ['if (isCancellation(error)) throw', 'outside/customSteps', 'cancelled while it waits in the queue'],
    ['const mayPass = unserved ?', 'outside/customSteps', 'nobody serves the queue'],
    ['if (mayPass && attempt', 'outside/customSteps', 'is asked again when its worker stumbles'],
    ['if (unserved) {', 'outside/customSteps', 'nobody serves the queue'],
    ['if (cause instanceof TimeoutFailure)', 'outside/customSteps', 'takes it and does not answer'],
    ["cause.type ?? ''", 'outside/customSteps', 'fails for good is undone'],
    ['? ` (${cause.type})`', 'outside/customSteps', 'fails for good is undone'],
    ['planned.spec?.timeoutSeconds ?? 60', null, 'the schema of a blueprint asks for it'],
    ['if (!spec?.taskQueue', null, 'the schema of a blueprint asks for it'],
    ['undo: spec.undo ?? null', 'outside/customSteps', 'fails for good is undone'],
  ],
  'lib/httpSteps.ts': [
    ["verb === 'act' ?", 'outside/httpSteps', 'is undone with the same input'],
    ['if (pending) await answered', 'outside/httpSteps', 'may answer later'],
    ['for (let pauseMs', 'outside/httpSteps', 'that never answers is given up'],
    ['if (await collect', 'outside/httpSteps', 'may answer later'],
  ],
  'lib/steps.ts': [
    ['if (planned.isLocal)', 'provisionTenant', 'gives it database, realm and bucket'],
    ['if (!activity) throw', null, 'the proxy of the SDK answers every name; the type does not say so'],
    ['switch (planned.kind) {', 'outside/httpSteps', 'is undone with the same input'],
    ["planned.kind === 'check' ?", 'provisionTenant', 'gives it database, realm and bucket'],
    ["if (planned.kind === 'check' ||", 'provisionTenant', 'leaves nothing behind when'],
    ["if (planned.kind === 'resource') return takeBack", 'deprovisionTenant', 'leaves nothing of it'],
    ['for (const number of await custom', 'outside/httpSteps', 'finishing the rollback calls its undo again'],
    ['? actOnQueue(', 'outside/customSteps', 'is carried out after the doors'],
    ['if (!found) throw', null, 'the transaction that writes a run writes its fixed steps'],
  ],
  'lib/waiting.ts': [
    ['for (;;) {', 'decisions', 'is delivered by the reconciler'],
    ['if (taken) return taken', 'decisions', 'retries a step that failed for good'],
    ["if (hold === 'person')", 'decisions', 'pauses a run before its next step'],
    ["if (hold === 'times')", 'decisions', 'an outage of a provider parks nobody'],
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
