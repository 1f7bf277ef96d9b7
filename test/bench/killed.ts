import { killWithHundredInFlight } from '#test/drills/hundredInFlight.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import type { Figure } from './figure.ts';

/** What `kill -9` of the only worker costs a hundred tenants that are being made. */
export const killed: Figure = {
  name: 'killed',
  async measure({ servers, workflowBundle }) {
    const installation = await TestInstallation.start({ TENANTRY_WORKFLOW_BUNDLE: workflowBundle }, servers);
    try {
      const { undisturbedSeconds, afterReadySeconds, beyondSeconds, inFlight } =
        await killWithHundredInFlight(installation);
      return [
        { what: 'beyond the undisturbed run, from ready', value: beyondSeconds, unit: 's', limit: { atMost: 4 } },
        { what: 'sagas in flight when the worker died', value: inFlight, unit: '', limit: { atLeast: 100 } },
        { what: 'from ready of the restarted worker to the last end', value: afterReadySeconds, unit: 's' },
        { what: 'as many undisturbed', value: undisturbedSeconds, unit: 's' },
      ];
    } finally {
      await installation.stop();
    }
  },
};
