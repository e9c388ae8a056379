/**
 * Turns what a peer reports by itself into events for the user, and shows the progress of its downloads.
 */
import type { Download, Peer, PeerEvents } from '@minitorrent/peer';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress } from '../address.ts';
import { adviceFor } from '../error-advice.ts';
import { describeFailure } from '../failure.ts';
import type { ProgressBoard } from '../output/progress-board.ts';
import type { Reporter } from '../output/reports.ts';
import { downloadRow } from './rows.ts';
import type { ShownRequests } from './shown-requests.ts';

export interface Notices {
  /** Somebody else tells of this download: that it starts, or all of it. */
  follow(groupId: string, name: string, what: 'start' | 'all'): void;
  /** Hears nothing more from the peer. */
  close(): void;
}

export function showNotices(options: {
  readonly peer: Pick<Peer, 'on' | 'off' | 'userId'>;
  readonly reporter: Reporter;
  readonly board: ProgressBoard;
  /** Is told what people are shown here. */
  readonly requests: Pick<ShownRequests, 'show'>;
}): Notices {
  const { peer, reporter, board, requests } = options;
  const followed = new Map<string, 'start' | 'all'>();
  const followOf = (download: Download) => followed.get(keyOf(download.groupId, download.name));

  const listeners: { readonly [E in keyof PeerEvents]: (...args: PeerEvents[E]) => void } = {
    'tracker-connected': ({ address, userId }) =>
      reporter.event({
        event: 'tracker-connected',
        address: formatAddress(address),
        userId: userId ?? null,
      }),
    'tracker-lost': ({ address, reason, code = null }) => {
      const advice = code === 'wrong_identity' ? adviceFor(code, 'peer') : null;
      reporter.event({ event: 'tracker-lost', address: formatAddress(address), reason, code, advice });
    },
    'login-needed': ({ userId, reason, code }) =>
      reporter.event({ event: 'login-needed', userId, reason, code }),
    offline: ({ userId }) => reporter.event({ event: 'offline', userId }),
    'join-request': (request) => {
      const { groupId, userId, deviceIds } = request;
      requests.show(request);
      reporter.event({
        ...{ event: 'join-request', groupId, userId, deviceIds: deviceIds.map(formatDeviceId) },
        isOwn: userId === peer.userId,
      });
    },
    'device-waiting': ({ groupId, userId, deviceId }) =>
      reporter.event({ event: 'device-waiting', groupId, userId, deviceId: formatDeviceId(deviceId) }),
    'membership-changed': ({ groupId, standing, was = null }) =>
      reporter.event({ event: 'membership-changed', groupId, standing, was }),
    'wrong-group-key': ({ groupId, reason, code }) =>
      reporter.event({ event: 'wrong-group-key', groupId, reason, code }),
    'download-started': (download) => {
      const stopShowing = board.watch(() => ({ activity: 'download', download: downloadRow(download) }));
      // A failure is reported by its event, or by the command that waits for the download.
      void download.completed.then(stopShowing, stopShowing);
      if (followOf(download) !== undefined) return;
      reporter.event({ event: 'download-started', groupId: download.groupId, name: download.name });
    },
    'download-completed': (download) => {
      if (followOf(download) === 'all') return;
      const { groupId, name, path, totalBytes } = downloadRow(download);
      reporter.event({ event: 'download-completed', groupId, name, path, totalBytes });
    },
    'download-failed': (download, error) => {
      if (followOf(download) === 'all') return;
      const { groupId, name } = download;
      reporter.event({
        event: 'download-failed',
        groupId,
        name,
        failure: describeFailure(error, 'download_file'),
      });
    },
    'peer-banned': ({ groupId, name, userId, piece }) =>
      reporter.event({ event: 'peer-banned', groupId, name, userId, piece }),
    'share-changed': ({ groupId, file, path, state }) =>
      reporter.event({ event: 'share-changed', groupId, name: file.name, path, state }),
  };

  const switchAll = (method: 'on' | 'off') => {
    peer[method]('tracker-connected', listeners['tracker-connected']);
    peer[method]('tracker-lost', listeners['tracker-lost']);
    peer[method]('login-needed', listeners['login-needed']);
    peer[method]('offline', listeners.offline);
    peer[method]('join-request', listeners['join-request']);
    peer[method]('device-waiting', listeners['device-waiting']);
    peer[method]('membership-changed', listeners['membership-changed']);
    peer[method]('wrong-group-key', listeners['wrong-group-key']);
    peer[method]('download-started', listeners['download-started']);
    peer[method]('download-completed', listeners['download-completed']);
    peer[method]('download-failed', listeners['download-failed']);
    peer[method]('peer-banned', listeners['peer-banned']);
    peer[method]('share-changed', listeners['share-changed']);
  };
  switchAll('on');

  return {
    follow: (groupId, name, what) => void followed.set(keyOf(groupId, name), what),
    close: () => switchAll('off'),
  };
}

function keyOf(groupId: string, name: string): string {
  return JSON.stringify([groupId, name]);
}
