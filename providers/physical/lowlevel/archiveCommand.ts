const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * What the server hands each finished file of its log to (docs/decisions/0093). It needs neither Tenantry nor Node: a file is on the disk
 * before it has its name, keeps the time at which the server wrote to it last, and never takes the name of one with another content.
 */
export const archiveScript = (spoolDir: string): string => `#!/bin/sh
# Written by Tenantry at every start. Called by PostgreSQL: archive-wal <path> <name>
set -eu
spool=${quoted(spoolDir)}
target="$spool/$2"
if [ -e "$target" ]; then
  if cmp -s "$1" "$target"; then
    sync "$spool" 2>/dev/null || sync
    exit 0
  fi
  echo "archive-wal: $2 lies in the spool with another content; nothing is written over" >&2
  exit 1
fi
passing="$spool/.$2.$$"
trap 'rm -f "$passing"' EXIT
rm -f "$passing"
dd if="$1" of="$passing" bs=1048576 conv=fsync 2>/dev/null || { echo "archive-wal: $2 cannot be written: is the disk full?" >&2; exit 1; }
touch -r "$1" "$passing"
ln "$passing" "$target"
sync "$spool" 2>/dev/null || sync
`;

/** The value of `archive_command`. */
export const archiveCommand = (script: string): string => `/bin/sh ${quoted(script.replaceAll('%', '%%'))} "%p" "%f"`;
