import { ImportReportQuery } from '#contracts/imports/imports.ts';
import { reportTypes, writeReport } from '#domain/imports/viewing/writeReport.ts';
import { defineDownload, ImportParams } from '../../route.ts';
import { importOf } from './readImport.ts';

export const exportImportReport = defineDownload({
  method: 'get',
  path: '/api/v1/imports/{importId}/report',
  summary: 'Download the report of an import, line by line',
  permission: 'tenants:import',
  params: ImportParams,
  query: ImportReportQuery,
  download: { types: Object.values(reportTypes) },
  errors: ['not_found'],
  async handle({ params, query }, { em, platform }) {
    const file = await importOf(em, params.importId);
    const { registry, installation } = platform;
    return {
      type: reportTypes[query.format],
      fileName: `import-${file.id}.${query.format}`,
      pieces: writeReport({ registry, keyring: installation.keyring }, file, query),
    };
  },
});
