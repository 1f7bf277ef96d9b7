import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { explained } from '#providers/physical/pgbackrest/command.ts';
import { commitIn } from '#providers/physical/pgbackrest/lastCommit.ts';
import { readReport } from '#providers/physical/pgbackrest/report.ts';
import { repositoryOf } from '#providers/physical/pgbackrest/repository.ts';

/** Printed by pgBackRest 2.45 of a PostgreSQL 15, cut to what is read of it. The second backup is somebody else's, and so is the third, which failed. */
const info = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000005","min":"000000010000000000000001"}],"backup":[
{"annotation":{"tenantry":"01a20494-db39-76dd-b68b-86353811e557"},"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":22992776,"repository":{"delta":2812153,"size":2812153},"size":22992776},"label":"20261122-184930F","lsn":{"start":"0/2000028","stop":"0/2000100"},"prior":null,"reference":null,"timestamp":{"start":1795373370,"stop":1795373372},"type":"full"},
{"archive":{"start":"000000010000000000000003","stop":"000000010000000000000004"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":22992776,"repository":{"delta":2812155,"size":2812155},"size":22992776},"label":"20261122-184933F","lsn":{"start":"0/3000028","stop":"0/4000050"},"prior":null,"reference":null,"timestamp":{"start":1795373373,"stop":1795373376},"type":"full"},
{"archive":{"start":"000000010000000000000005","stop":"000000010000000000000005"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":true,"info":{"delta":22992776,"repository":{"delta":2812155,"size":2812155},"size":22992776},"label":"20261122-184940F","lsn":{"start":"0/5000028","stop":"0/5000100"},"prior":null,"reference":null,"timestamp":{"start":1795373380,"stop":1795373381},"type":"full"}
],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7711069902698117323,"version":"15"}],"name":"main","repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]`;

const unknown = `[{"archive":[],"backup":[],"cipher":"none","db":[],"name":"other","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]`;

const report = `stanza: main
status: error
  archiveId: 15-1, total WAL checked: 5, total valid WAL: 5
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261122-184930F, status: invalid, total files checked: 964, total valid files: 962
    missing: 1, checksum invalid: 1, size invalid: 0, other: 0
  backup: 20261122-184933F, status: valid, total files checked: 964, total valid files: 964
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
`;

const segmentBytes = 16 * 1024 * 1024;
const read = (json = info, stanza = 'main') => repositoryOf(json, stanza, segmentBytes);

describe('what pgBackRest prints', () => {
  it('names the backups of the cluster: ours by their annotation, those of others by an id that stays', () => {
    const { backups, archiveId } = read();
    assert.equal(archiveId, '15-1');
    assert.deepEqual(
      backups.map(({ label }) => label),
      ['20261122-184930F', '20261122-184933F'],
      'one that failed counts for nothing',
    );
    const [ours, others] = backups;
    assert.equal(ours!.base, '01a20494-db39-76dd-b68b-86353811e557');
    assert.equal(others!.base, 'f32addd6-98d8-5c32-8f72-e1edab9fd725'); // as it was told when this was printed
    assert.equal(read(info.replace('01a20494-db39-76dd-b68b-86353811e557', 'no id')).backups[0]!.base.length, 36);
    assert.equal(others!.startSegment, '000000010000000000000003');
    assert.equal(others!.stopSegment, '000000010000000000000004');
    assert.equal(ours!.view.postgres, 150_000);
    assert.equal(ours!.view.storedBytes, 2_812_153);
    assert.equal(ours!.stopLsn, '0/2000100');
    // It is told in whole seconds, and ended within the one that follows.
    assert.equal(ours!.view.stoppedAt.getTime(), 1_795_373_373_000);
  });

  it('keeps all digits of the number of a cluster', () => {
    assert.equal(read().systemId, '7711069902698117323');
    assert.equal(read(info.replace('7711069902698117323', '18446744073709551615')).systemId, '18446744073709551615');
    assert.equal(read().backups[0]!.view.systemId, '7711069902698117323');
  });

  it('leaves out what is of a cluster that this one took the place of', () => {
    const upgraded = info.replace(
      '"version":"15"}]',
      '"version":"15"},{"id":2,"repo-key":1,"system-id":7711069902698117999,"version":"16"}]',
    );
    const { systemId, backups, archiveId } = read(upgraded);
    assert.deepEqual([systemId, backups, archiveId], ['7711069902698117999', [], '16-2']);
  });

  it('refuses a stanza that was never created', () => {
    for (const json of [unknown, '[]'])
      assert.throws(
        () => read(json, 'other'),
        (error: DomainError) => error.code === 'physical_not_found' && /stanza-create/.test(error.message),
      );
  });

  it('tells the damage of one backup from that of another, and from that of the log', () => {
    assert.deepEqual(readReport(report, '15-1', '20261122-184930F'), { isBaseValid: false, isLogValid: true });
    assert.deepEqual(readReport(report, '15-1', '20261122-184933F'), { isBaseValid: true, isLogValid: true });
    const log = report.replace('total valid WAL: 5', 'total valid WAL: 4');
    assert.deepEqual(readReport(log, '15-1', '20261122-184933F'), { isBaseValid: true, isLogValid: false });
    assert.deepEqual(readReport('', '15-1', '20261122-184933F'), { isBaseValid: false, isLogValid: false });
    assert.equal(readReport(report, '15-1', '20261122-1849').isBaseValid, false);
  });

  it('tells when the log was committed to last, by commits of both phases and by nothing else', () => {
    const head =
      'rmgr: Transaction len (rec/tot):     34/    34, tx:        726, lsn: 0/05016B60, prev 0/05016B20, desc: ';
    const at = (what: string) => commitIn(head + what)?.toISOString();
    assert.equal(at('COMMIT 2026-11-22 18:49:36.364038 UTC'), '2026-11-22T18:49:36.364Z');
    assert.equal(at('COMMIT 2026-11-22 18:49:36.364038 UTC; rels: base/5/16384'), '2026-11-22T18:49:36.364Z');
    assert.equal(at('COMMIT_PREPARED 727: 2026-11-22 18:49:36.720048 UTC'), '2026-11-22T18:49:36.720Z');
    for (const other of [
      'PREPARE gid a: 2026-11-22 18:49:36.719449 UTC',
      'ABORT 2026-11-22 18:49:36.721001 UTC',
      'ABORT_PREPARED 729: 2026-11-22 18:49:36.721792 UTC',
    ])
      assert.equal(at(other), undefined, other);
  });
});

describe('an error of pgBackRest', () => {
  const said = "ERROR: [055]: unable to open missing file '/srv/secret-place/backup.info' for read";

  it('is told by its number and its meaning, and its words only to the log', () => {
    for (const [number, code] of [
      [26, 'physical_base_damaged'],
      [29, 'physical_base_damaged'],
      [55, 'physical_base_incomplete'],
      [56, 'physical_unreachable'],
      [75, 'physical_not_found'],
      [82, 'physical_archive_stalled'],
      [95, 'physical_wrong_key'],
      [31, 'physical_tool_failed'],
      [-1, 'physical_tool_failed'],
    ] as const) {
      const error = explained(number, said);
      assert.ok(error instanceof DomainError && error.code === code, `${number}`);
      assert.match(error.message, new RegExp(`error ${number}\\)`));
      assert.doesNotMatch(error.message, /srv|secret-place|ERROR/);
      assert.match(String(error.cause), /secret-place/);
    }
  });

  it('of a full disk is that, whatever its number', () => {
    const error = explained(39, "ERROR: [039]: unable to write '/srv/a': [28] No space left on device");
    assert.ok(error instanceof DomainError && error.code === 'physical_disk_full');
    assert.doesNotMatch(error.message, /srv/);
  });

  it('of a lock is an outage, after which it is tried again', () => {
    const error = explained(50, 'ERROR: [050]: unable to acquire lock');
    assert.ok(!(error instanceof DomainError));
  });
});
