import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { licenseReports, ReportQuery } from '#contracts/licenses/analytics.ts';
import { writeReport } from '#domain/licenses/analytics/writeReport.ts';
import { defineDownload } from '../../route.ts';

const csv = 'text/csv; charset=utf-8; header=present';

export const exportLicenseReport = defineDownload({
  method: 'get',
  path: '/api/v1/license-analytics/reports/{report}',
  summary: 'Download usage, seats, ends that are near, or renewals, line by line',
  permission: 'licenses:read',
  scope: 'reach',
  params: z.strictObject({
    report: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/, 'is not the name of a report')
      .describe(licenseReports.join(', ')),
  }),
  query: ReportQuery,
  download: { types: [csv] },
  errors: ['not_found'],
  async handle({ params, query, reach }, { platform }) {
    const report = licenseReports.find((one) => one === params.report);
    if (!report) throw new DomainError('not_found', 'There is no such report.');
    const now = new Date();
    return {
      type: csv,
      fileName: `licences-${report}-${now.toISOString().slice(0, 10)}.csv`,
      pieces: writeReport(platform.registry, report, { ...query, about: { ...query, reach }, now }),
    };
  },
});
