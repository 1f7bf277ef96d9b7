import { createImport } from '../routes/imports/createImport.ts';
import { exportImportReport } from '../routes/imports/exportImportReport.ts';
import { listImportLines } from '../routes/imports/listImportLines.ts';
import { listImports } from '../routes/imports/listImports.ts';
import { readImport } from '../routes/imports/readImport.ts';
import { retryImport } from '../routes/imports/retryImport.ts';
import { sendImportInvitations } from '../routes/imports/sendImportInvitations.ts';
import { startImport } from '../routes/imports/startImport.ts';

/** Tenants by the thousand, from a file. */
export const importsRoutes = {
  listImports,
  createImport,
  readImport,
  listImportLines,
  exportImportReport,
  startImport,
  retryImport,
  sendImportInvitations,
};
