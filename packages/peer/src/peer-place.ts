/**
 * Which peer is which: a device, by its id, wherever it is reached and whatever connection it comes by.
 *
 * One device on two addresses is one peer, so that its bans, its scores and its share of the uplink are one. Where the
 * network proves no device id, the id that a tracker gave is taken on trust, and whoever connects here is an address.
 */
import type { Address, ChannelInfo } from '@minitorrent/rpc-core';
import { toHex } from '@minitorrent/tracker/contract';
import { type PeerId, peerId } from './swarm-events.ts';

/** Where a peer can be reached, and which device must answer there; a tracker's `PeerAddress` is one. */
export interface PeerPlace extends Address {
  readonly deviceId: Uint8Array;
}

/** The peer that is this device. */
export function peerOfDevice(deviceId: Uint8Array): PeerId {
  return peerId(toHex(deviceId));
}

/** The peer at the other end of a connection. */
export function peerAtOtherEnd({ remote, remoteIdentity }: ChannelInfo): PeerId {
  return remoteIdentity === undefined
    ? peerId(`${remote.host}:${remote.port}`)
    : peerOfDevice(remoteIdentity);
}
