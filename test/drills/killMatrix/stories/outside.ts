import { outsidePlans } from '../../ground/outsidePlans.ts';
import { noted, step, undoOutside } from '../places.ts';
import { checkFails, register, type Story } from '../story.ts';

const callOutside: Story = {
  title: 'a service does its step',
  kind: 'provisionTenant',
  places: step('http', 'http.call', 'done'),
  fails: [],
  open: register(false, outsidePlans.takenBack),
  ends: { run: 'succeeded', tenant: 'active' },
};

const takeBackOutside: Story = {
  title: 'a service takes its step back',
  kind: 'provisionTenant',
  places: undoOutside('http', 'http.undo'),
  fails: [checkFails],
  open: register(false, outsidePlans.takenBack),
  ends: { run: 'rolled_back', tenant: 'rolled_back' },
};

const deliverOutside: Story = {
  title: 'a service does its step after the doors',
  kind: 'deliverStep',
  places: [...step('http', 'http.call', 'done'), ...noted('http', 'ledger.closeDelivery')],
  fails: [],
  open: register(false, outsidePlans.delivered),
  ends: { run: 'succeeded', tenant: 'active' },
};

export const outsideStories: readonly Story[] = [callOutside, takeBackOutside, deliverOutside];
