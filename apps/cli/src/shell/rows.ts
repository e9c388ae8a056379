/**
 * What the peer tells, as the plain rows that reports are made of.
 */
import type { Download, FileSummary, Share } from '@minitorrent/peer';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress } from '../address.ts';
import type { DownloadRow, FileRow, ShareRow } from '../output/file-reports.ts';

export function fileRow(summary: FileSummary): FileRow {
  const { file, sharedBy, sharedByDevice, isSigned, sharedAtMs, seeders, leechers } = summary;
  return {
    name: file.name,
    size: file.size,
    root: hex(file.root),
    sharedBy,
    sharedByDevice: sharedByDevice === undefined ? null : formatDeviceId(sharedByDevice),
    isSigned,
    sharedAtMs,
    seeders,
    leechers,
  };
}

/** `isListed`: whether a tracker lists it; null where none tells. */
export function shareRow(
  { groupId, file, path, state, uploadedBytes }: Share,
  isListed: boolean | null,
): ShareRow {
  const { name, size, root } = file;
  return { groupId, name, size, root: hex(root), path, state, isListed, uploadedBytes };
}

/** A download with its progress at this moment. */
export function downloadRow(download: Download): DownloadRow {
  const progress = download.progress();
  return {
    groupId: download.groupId,
    name: download.name,
    path: download.path ?? null,
    state: progress.state,
    totalBytes: progress.totalBytes,
    verifiedBytes: progress.verifiedBytes,
    totalPieces: progress.totalPieces,
    verifiedPieces: progress.verifiedPieces,
    resumedPieces: progress.resumedPieces,
    bytesPerSecond: Math.round(progress.bytesPerSecond),
    secondsLeft: progress.secondsLeft ?? null,
    waitingFor: progress.waitingFor ?? null,
    peers: progress.peers.map((peer) => ({
      userId: peer.userId,
      address: formatAddress(peer.address),
      state: peer.state,
      pieces: peer.pieces,
      bytesPerSecond: Math.round(peer.bytesPerSecond),
    })),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
