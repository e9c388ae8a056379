import type { Frame } from '@minitorrent/wire-codec';
import { createFrameDecoder, decode, encode, encodeFrame } from '@minitorrent/wire-codec';
import { goodbyeCodec, helloCodec } from '../../src/control-frames.ts';
import type { Channel, Connection, ConnectionOptions, LogEntry } from '../../src/index.ts';
import { createConnection, serve } from '../../src/index.ts';
import { createMemoryNetwork } from '../../src/memory.ts';
import type { LeakCheck, ManualClock } from '../../src/testing.ts';
import { createLeakCheck, createManualClock, drainMicrotasks } from '../../src/testing.ts';
import { fromHex, toHex } from './hex.ts';
import { contract, handlers } from './pair.ts';

/** The other side of a connection, played by hand, byte by byte. */
export interface Puppet {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly clock: ManualClock;
  readonly leaks: LeakCheck;
  readonly log: LogEntry[];
  /** Frames that the connection sent, oldest first. */
  readonly frames: Frame[];
  /** Sends a frame with a payload given in hexadecimal, and lets the connection react. */
  send(type: string, hex: string): Promise<void>;
  sendBytes(bytes: Uint8Array): Promise<void>;
  greet(): Promise<void>;
  /** The code of the goodbye that the connection sent; 'none' for one without an error. */
  readonly goodbyeCode: string | undefined;
  /** Ends what is left and checks that nothing is. */
  end(): Promise<void>;
}

export async function createPuppet(options: Partial<ConnectionOptions> = {}): Promise<Puppet> {
  const clock = createManualClock();
  const leaks = createLeakCheck();
  const network = leaks.network(createMemoryNetwork());
  const accepted = Promise.withResolvers<Channel>();
  const listener = await network.listen({ host: 'far', port: 0 }, accepted.resolve);
  const channel = await network.connect(listener.address);
  await listener.close();
  const log: LogEntry[] = [];
  const connection = leaks.connection(
    createConnection({
      clock: leaks.clock(clock),
      trusted: true,
      serve: [serve(contract, handlers())],
      onLog: (entry) => log.push(entry),
      ...options,
      channel: await accepted.promise,
    }),
  );
  const frames: Frame[] = [];
  const decoder = createFrameDecoder({ maxPayloadBytes: 2 ** 32 });
  channel.start({
    bytes(chunk) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
    },
    drain() {},
    end: () => channel.end(),
    close() {},
  });

  async function sendBytes(bytes: Uint8Array): Promise<void> {
    channel.write([bytes]);
    await drainMicrotasks();
  }

  async function send(type: string, hex: string): Promise<void> {
    for (const part of encodeFrame(type, fromHex(hex))) channel.write([part]);
    await drainMicrotasks();
  }

  return {
    connection,
    channel,
    clock,
    leaks,
    log,
    frames,
    send,
    sendBytes,
    greet: () =>
      send('hello', toHex(encode(helloCodec, { minVersion: 1, maxVersion: 1, callsInFlight: 64 }))),
    get goodbyeCode() {
      const frame = frames.findLast(({ type }) => type === 'goodbye');
      return frame === undefined ? undefined : (decode(goodbyeCodec, frame.payload).error?.code ?? 'none');
    },
    async end() {
      connection.abort();
      await clock.runUntilSettled(connection.closed);
      await drainMicrotasks();
      leaks.assertNothingLeft();
    },
  };
}
