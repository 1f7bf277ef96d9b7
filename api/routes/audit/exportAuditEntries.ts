import { AuditExportQuery } from '#contracts/audit/audit.ts';
import { exportAudit } from '#domain/audit/exporting/exportAudit.ts';
import { contentTypes, writeExport } from '#domain/audit/exporting/writeExport.ts';
import { chainsInReach } from '#domain/audit/reading/chainsInReach.ts';
import { appendEvent } from '#domain/events/appendEvent.ts';
import { defineDownload } from '../../route.ts';

export const exportAuditEntries = defineDownload({
  method: 'get',
  path: '/api/v1/audit/export',
  summary: 'Download chains of the audit with their signatures, to be verified by `tenantry audit verify`',
  permission: 'audit:export',
  scope: 'reach',
  query: AuditExportQuery,
  download: { types: Object.values(contentTypes) },
  errors: [],
  async handle({ query, reach, actor }, { em, platform }) {
    const { format, tenantId = null, from = null, to = null, origins } = query;
    const chains = await chainsInReach(em, reach, tenantId);
    await em.transactional((tx) =>
      appendEvent(
        tx,
        {
          stream: 'audit:exports',
          type: 'audit.exported',
          // In the chain of a tenant that is theirs to read; of any other nobody writes by naming it.
          tenantId: chains?.length === 0 ? null : tenantId,
          data: { format, from, to, origins, chains: chains?.length ?? 'all' },
        },
        actor,
      ),
    );
    const wish = { chains, from, to, clearOrigins: origins === 'clear' };
    return {
      type: contentTypes[format],
      fileName: `audit-${tenantId ?? 'all'}-${new Date().toISOString().slice(0, 10)}.${format}`,
      pieces: writeExport(exportAudit(platform.registry, platform.installation, wish), format),
    };
  },
});
