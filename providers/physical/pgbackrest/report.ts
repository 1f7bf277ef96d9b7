/**
 * What `verify --output=text --verbose` found of one backup and of the log of its cluster: https://pgbackrest.org/command.html#command-verify. Its first
 * line judges everything together; another backup's damage is not this one's.
 */
export function readReport(
  report: string,
  archiveId: string,
  label: string,
): { isBaseValid: boolean; isLogValid: boolean } {
  const lines = report.split('\n').map((line) => line.trim());
  const log = lines.find((line) => line.startsWith(`archiveId: ${archiveId},`)) ?? '';
  const [, checked, valid] = /total WAL checked: (\d+), total valid WAL: (\d+)/.exec(log) ?? [];
  return {
    isBaseValid: lines.some((line) => line.startsWith(`backup: ${label}, status: valid,`)),
    isLogValid: checked !== undefined && checked === valid,
  };
}
