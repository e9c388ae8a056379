/**
 * Bits of what passes between two devices under TLS: nothing of it is believed, and the connection ends. A flip in the length of
 * a record makes the receiver wait for the rest of it, and then for the end, which comes without a goodbye.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Channel } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { Chance } from '../chance.ts';
import { type FlipResult, judgeFlips, type Verdict } from './flip.ts';

const MESSAGE = new TextEncoder().encode('what was sent, '.repeat(20));
const ANY_PORT = { host: '127.0.0.1', port: 0 };

export async function flipWire(run: { seed: number; flips: number }): Promise<FlipResult> {
  const identity = createIdentity();
  const network = createTlsNetwork({ identity: createIdentity() });
  let accept = (_channel: Channel): void => {};
  const listener = await createTlsNetwork({ identity }).listen(ANY_PORT, (channel) => accept(channel));
  let flipNext: ((bytes: Buffer) => Buffer) | undefined;
  const middle = createServer((near) => {
    const far = connect({ ...listener.address });
    pass(near, far, (bytes) => flipNext?.(bytes) ?? bytes);
    pass(far, near, (bytes) => bytes);
  });
  middle.listen(0, '127.0.0.1');
  await once(middle, 'listening');
  // A server that listens on TCP has this kind of address.
  const { port } = middle.address() as { readonly port: number };

  async function judge(number: number): Promise<readonly [Verdict, string]> {
    const chance = new Chance(run.seed, number);
    const accepted = new Promise<Channel>((resolve) => {
      accept = resolve;
    });
    const near = await network.connect({ host: '127.0.0.1', port }, { expect: identity.deviceId });
    const far = await accepted;
    const received: Uint8Array[] = [];
    const ended = new Promise<unknown>((close) => {
      far.start({ bytes: (chunk) => received.push(chunk), drain() {}, end: () => far.end(), close });
    });
    near.start({ bytes() {}, drain() {}, end() {}, close() {} });
    let bit = -1;
    flipNext = (bytes) => {
      flipNext = undefined;
      bit = chance.below(bytes.length * 8);
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return changed;
    };
    near.write([MESSAGE]);
    near.end();
    await ended;
    near.destroy();
    const isDetected = received.length === 0;
    return [
      isDetected ? 'detected' : 'missed',
      `bit ${bit} of a record; ${Buffer.concat(received).length} bytes were believed`,
    ];
  }

  try {
    return await judgeFlips('wire under TLS', run.flips, judge);
  } finally {
    middle.close();
    await listener.close();
  }
}

function pass(from: Socket, to: Socket, change: (bytes: Buffer) => Buffer): void {
  from.on('data', (bytes: Buffer) => to.write(change(bytes)));
  from.on('end', () => to.end());
  from.on('error', () => {});
  from.on('close', (hadError) => {
    if (!hadError) return;
    // To reset what is ending fails, and leaves it open for ever.
    if (to.writableEnded) to.destroy();
    else to.resetAndDestroy();
  });
}
