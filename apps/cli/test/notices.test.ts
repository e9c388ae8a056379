import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { createProgressBoard } from '../src/output/progress-board.ts';
import { showNotices } from '../src/shell/notices.ts';
import { createShownRequests } from '../src/shell/shown-requests.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeDownload, createFakePeer, createFakeShare } from './support/fake-peer.ts';
import { createFakeReporter } from './support/fake-reporter.ts';

function setUp() {
  const reporter = createFakeReporter();
  const clock = createManualClock();
  const board = createProgressBoard({ clock, reporter });
  const peer = createFakePeer();
  const requests = createShownRequests();
  const notices = showNotices({ peer, reporter, board, requests });
  return { reporter, clock, board, peer, notices, requests };
}

describe('showNotices', () => {
  it('tells everything that a peer reports', () => {
    const { reporter, peer } = setUp();
    const download = createFakeDownload();
    const address = { host: '::1', port: 7700 };
    peer.emit('tracker-connected', { address, userId: undefined });
    peer.emit('tracker-lost', { address, reason: 'gone' });
    peer.emit('tracker-lost', { address, reason: 'it is another one', code: 'wrong_identity' });
    peer.emit('login-needed', { userId: 'alice', reason: 'unknown', code: 'unknown_device' });
    peer.emit('offline', { userId: 'alice' });
    peer.emit('join-request', { groupId: 'films', userId: 'bob', deviceIds: [device(2)] });
    peer.emit('device-waiting', { groupId: 'films', userId: 'alice', deviceId: device(3) });
    peer.emit('membership-changed', { groupId: 'films', standing: 'removed', was: 'admin' });
    peer.emit('membership-changed', { groupId: 'films', standing: 'member' });
    peer.emit('wrong-group-key', { groupId: 'films', reason: 'another', code: 'bad_proof' });
    peer.emit('download-started', download);
    peer.emit('download-completed', download);
    peer.emit('download-failed', download, Object.assign(new Error('Full'), { code: 'disk_full' }));
    peer.emit('peer-banned', { groupId: 'films', name: 'a.txt', userId: 'mallory', piece: 3 });
    peer.emit('share-changed', createFakeShare({ state: 'missing' }));
    expect(reporter.reports).toMatchObject([
      { event: 'tracker-connected', address: '[::1]:7700', userId: null },
      { event: 'tracker-lost', address: '[::1]:7700', reason: 'gone', code: null, advice: null },
      {
        event: 'tracker-lost',
        code: 'wrong_identity',
        advice: expect.stringContaining('minitorrent connect'),
      },
      { event: 'login-needed', userId: 'alice', reason: 'unknown', code: 'unknown_device' },
      { event: 'offline', userId: 'alice' },
      { event: 'join-request', groupId: 'films', userId: 'bob', deviceIds: [idOf(2)], isOwn: false },
      { event: 'device-waiting', groupId: 'films', userId: 'alice', deviceId: idOf(3) },
      { event: 'membership-changed', groupId: 'films', standing: 'removed', was: 'admin' },
      { event: 'membership-changed', groupId: 'films', standing: 'member', was: null },
      { event: 'wrong-group-key', groupId: 'films', reason: 'another', code: 'bad_proof' },
      { event: 'download-started', groupId: 'films', name: 'a.txt' },
      { event: 'download-completed', path: '/downloads/a.txt', totalBytes: 100 },
      { event: 'download-failed', name: 'a.txt', failure: { code: 'disk_full', advice: expect.any(String) } },
      { event: 'peer-banned', userId: 'mallory', piece: 3 },
      { event: 'share-changed', name: 'a.txt', path: '/files/a.txt', state: 'missing' },
    ]);
  });

  it('leaves a followed download to its command, but shows its progress', () => {
    const { reporter, peer, notices, clock } = setUp();
    const download = createFakeDownload();
    notices.follow('films', 'a.txt', 'all');
    peer.emit('download-started', download);
    clock.advance(100);
    peer.emit('download-completed', download);
    peer.emit('download-failed', download, new Error('x'));
    expect(reporter.reports).toEqual([]);
    expect(reporter.shown).toMatchObject([[{ download: { name: 'a.txt', verifiedBytes: 25 } }]]);
  });

  it('leaves only the start to a command that does not wait', () => {
    const { reporter, peer, notices } = setUp();
    const download = createFakeDownload();
    notices.follow('films', 'a.txt', 'start');
    peer.emit('download-started', download);
    peer.emit('download-completed', download);
    expect(reporter.reports).toMatchObject([{ event: 'download-completed' }]);
  });

  it('shows progress until a download is over, however it ends', async () => {
    const { reporter, peer, clock } = setUp();
    const [good, bad] = [createFakeDownload('good'), createFakeDownload('bad')];
    peer.emit('download-started', good);
    peer.emit('download-started', bad);
    await clock.advanceAsync(100);
    good.complete();
    await clock.advanceAsync(100);
    bad.fail(new Error('x'));
    await clock.advanceAsync(1_000);
    const names = reporter.shown.map((samples) =>
      samples.map((sample) => (sample.activity === 'download' ? sample.download.name : '')),
    );
    expect(names).toEqual([['good', 'bad'], ['bad'], []]);
    expect(clock.scheduledTasks).toBe(0);
  });

  it('hears nothing after it is closed', () => {
    const { reporter, peer, notices } = setUp();
    notices.close();
    peer.emit('join-request', { groupId: 'films', userId: 'bob', deviceIds: [device(2)] });
    expect(reporter.reports).toEqual([]);
    expect(peer.listenerCount('join-request')).toBe(0);
    expect(peer.listenerCount('share-changed')).toBe(0);
  });
});

describe('createProgressBoard', () => {
  it('shows at intervals while there is something to show', () => {
    const { reporter, board, clock } = setUp();
    let hashedBytes = 0;
    const stop = board.watch(() => ({
      activity: 'hash',
      groupId: 'g',
      path: 'p',
      hashedBytes,
      totalBytes: 9,
    }));
    clock.advance(250);
    hashedBytes = 5;
    clock.advance(50);
    stop();
    clock.advance(1_000);
    expect(
      reporter.shown.map((samples) => samples.map((sample) => 'hashedBytes' in sample && sample.hashedBytes)),
    ).toEqual([[0], [0], [5], []]);
  });

  it('is quiet when nothing was ever shown, and after it is closed', () => {
    const { reporter, board, clock } = setUp();
    board.close();
    board.watch(() => ({ activity: 'hash', groupId: 'g', path: 'p', hashedBytes: 0, totalBytes: 9 }));
    board.close();
    clock.advance(1_000);
    expect(reporter.shown).toEqual([[]]);
  });
});
