/** A tracker over real sockets on a clock that the test turns, and outsiders who send it bytes as they like. */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import type { Channel, LogEntry, RpcLimits } from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import { createTlsNetwork, type TlsLimits } from '@minitorrent/rpc-core/tls';
import { createFrameDecoder, encode, encodeFrame, type Frame } from '@minitorrent/wire-codec';
import { trackerContract } from '../../src/contract.ts';
import { createMemoryJournal } from '../../src/journal/memory-journal.ts';
import type { TrackerLimits } from '../../src/limits.ts';
import type { TrackerLogEntry } from '../../src/log.ts';
import { createTracker, type Tracker } from '../../src/shell/create-tracker.ts';
import { CHEAP, newRequestId, PASSWORD } from './peers.ts';

const { create_user: createUser, login } = trackerContract.methods;

const ANY_PORT = { host: '127.0.0.1', port: 0 };

export interface OutsideScene extends AsyncDisposable {
  readonly tracker: Tracker;
  readonly clock: ManualClock;
  readonly log: readonly (TrackerLogEntry | LogEntry)[];
  /** A device that came through the handshake and has said nothing yet. */
  device(identity?: Identity): Promise<Outsider>;
  /** Somebody who made a TCP connection, and no more. */
  stranger(): Promise<Socket>;
}

export interface SceneLimits {
  readonly rpcLimits?: Partial<RpcLimits>;
  readonly tlsLimits?: Partial<TlsLimits>;
  readonly limits?: Partial<TrackerLimits>;
}

export async function openOutsideScene({
  rpcLimits = {},
  tlsLimits = {},
  limits = {},
}: SceneLimits = {}): Promise<OutsideScene> {
  const clock = createManualClock();
  const identity = createIdentity();
  const log: (TrackerLogEntry | LogEntry)[] = [];
  const tracker = await createTracker({
    ...{ identity, clock, rpcLimits, address: ANY_PORT, journal: createMemoryJournal() },
    network: createTlsNetwork({ identity, clock, limits: tlsLimits }),
    limits: { ...CHEAP, ...limits },
    onLog: (entry) => log.push(entry),
  });
  const open: { destroy(): void }[] = [];
  return {
    ...{ tracker, clock, log },
    device: async (own = createIdentity()) => {
      const network = createTlsNetwork({ identity: own });
      const outsider = new Outsider(await network.connect(tracker.address, { expect: tracker.deviceId }));
      open.push(outsider);
      return outsider;
    },
    stranger: async () => {
      const socket = connectSocket({ ...tracker.address });
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.resume();
      open.push(socket);
      return socket;
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of open) each.destroy();
      await tracker.close({ signal: AbortSignal.abort() });
    },
  };
}

export class Outsider {
  readonly frames: Frame[] = [];
  /** Resolves with the code of the goodbye that came before the end; 'none' where none did. */
  readonly ended: Promise<string>;
  readonly #channel: Channel;
  readonly #decoder = createFrameDecoder({ maxPayloadBytes: 2 ** 21 });
  #wake = (): void => {};
  #isEnded = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    const ended = Promise.withResolvers<string>();
    this.ended = ended.promise;
    channel.start({
      bytes: (chunk) => this.#receive(chunk),
      drain: () => {},
      end: () => channel.destroy(),
      close: () => {
        this.#isEnded = true;
        this.#wake();
        ended.resolve(this.#goodbyeCode());
      },
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#channel.write(parts);
  }

  /** Says hello and waits for that of the tracker. */
  async greet(): Promise<void> {
    this.send(...encodeFrame('hello', Uint8Array.of(0, 0, 0, 3, 1, 1, 64)));
    await this.next('hello');
  }

  /** Resolves when all that was sent before has been taken; false where the connection ended instead. */
  async isAlive(): Promise<boolean> {
    this.send(...encodeFrame('ping', new Uint8Array()));
    return await this.next('pong');
  }

  /** Waits for a frame of that type and takes it; false where the connection ends before. */
  async next(type: string): Promise<boolean> {
    for (;;) {
      const at = this.frames.findIndex((frame) => frame.type === type);
      if (at >= 0) {
        this.frames.splice(at, 1);
        return true;
      }
      if (this.#isEnded) return false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  destroy(): void {
    this.#channel.destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next())
      this.frames.push(frame);
    this.#wake();
  }

  #goodbyeCode(): string {
    const goodbye = this.frames.findLast(({ type }) => type === 'goodbye');
    const length = goodbye?.payload[9] ?? 0;
    return goodbye === undefined
      ? 'none'
      : new TextDecoder().decode(goodbye.payload.subarray(10, 10 + length));
  }
}

/** A device that has greeted, and not logged in. */
export async function greeted(scene: OutsideScene): Promise<Outsider> {
  const device = await scene.device();
  await device.greet();
  return device;
}

/** A device of a new user, logged in. */
export async function member(scene: OutsideScene, userId: string): Promise<Outsider> {
  const identity = createIdentity();
  const { deviceId } = identity;
  const device = await scene.device(identity);
  await device.greet();
  const account = { requestId: newRequestId(), userId, password: PASSWORD };
  device.send(...request('create_user', 1, encode(createUser.request.codec, account)));
  await device.next('create_user');
  device.send(...request('login', 2, encode(login.request.codec, { userId, password: PASSWORD, deviceId })));
  await device.next('login');
  return device;
}

/** The head of a frame that announces so many bytes, and nothing of them. */
export function head(type: string, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(7 + type.length);
  bytes.set([0x4d, 0x54, type.length, ...new TextEncoder().encode(type)]);
  new DataView(bytes.buffer).setUint32(3 + type.length, payloadBytes);
  return bytes;
}

/** A request of `type` with that call id and body. */
export function request(type: string, id: number, body: Uint8Array): Uint8Array[] {
  const idBytes = id < 0x80 ? [id] : [(id & 0x7f) | 0x80, id >> 7];
  return encodeFrame(type, Uint8Array.from([1, ...idBytes, 0, ...body]));
}

/** Waits until a socket is closed, by whoever closes it. */
export async function isClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
