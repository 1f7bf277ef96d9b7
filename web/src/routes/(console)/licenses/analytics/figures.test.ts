import assert from 'node:assert/strict';
import { dailyBars, rateText, renewalBars } from './figures.ts';

describe('figures of licences, for people', () => {
  it('show the days without usage too, of one meter', () => {
    const amount = { quantity: 5, events: 1 };
    const series = [
      { ...amount, meter: 'calls', at: '2028-02-29T00:00:00.000Z' },
      { ...amount, meter: 'other', at: '2028-02-28T00:00:00.000Z' },
    ];
    const report = { from: '2028-02-28', to: '2028-03-01', meters: [], tenants: [], series };
    assert.deepEqual(dailyBars(report, 'calls'), [
      { title: '28 Feb', value: 0 },
      { title: '29 Feb', value: 5 },
      { title: '1 Mar', value: 0 },
    ]);
  });

  it('say how many terms were renewed, and nothing where none ended', () => {
    const renewals = [
      { month: '2027-01', ended: 3, renewed: 2 },
      { month: '2027-02', ended: 0, renewed: 0 },
    ];
    assert.equal(rateText(renewals), '67 %');
    assert.equal(rateText(renewals.slice(1)), '–');
    assert.deepEqual(renewalBars(renewals)[0], { title: 'Jan 2027', value: 3, part: 2 });
  });
});
