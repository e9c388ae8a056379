/**
 * A connection as an attacker has it: bytes are written as they are, and what comes back is read as frames.
 *
 * It keeps which of its calls are not answered, and with which codes they were; what comes back must be well-formed.
 */
import type { Channel } from '@minitorrent/rpc-core';
import { createFrameDecoder, type Frame } from '@minitorrent/wire-codec';
import type { Call } from './batch.ts';
import { cancelFrame, HELLO, KIND, PING, PONG, readVarint } from './frames.ts';

/** Told of each frame that came. */
type OnFrame = (frame: Frame) => void;

export class Link {
  /** How often a call ended in which way: `done`, or the code of its error. */
  readonly outcomes = new Map<string, number>();
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
  /** What the other side sent that is no frame. */
  malformed: string | undefined;
  /** Why it was closed, where it was not in good order. */
  failure: string | undefined;
  #isClosed = false;
  readonly #channel: Channel;
  readonly #decoder = createFrameDecoder({ maxPayloadBytes: 2 ** 21 });
  readonly #waiting = new Map<number, Call>();
  readonly #onFrame: OnFrame;
  #pongs = 0;
  #wake = (): void => {};

  constructor(channel: Channel, onFrame: OnFrame = () => {}) {
    this.#channel = channel;
    this.#onFrame = onFrame;
    const closing = Promise.withResolvers<void>();
    this.closed = closing.promise;
    channel.start({
      bytes: (chunk) => this.#receive(chunk),
      drain: () => this.#wake(),
      end: () => channel.destroy(new Error('the other side ended')),
      close: (error) => {
        this.failure = error?.message;
        this.#isClosed = true;
        closing.resolve();
        this.#wake();
      },
    });
    this.send(HELLO);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...parts: readonly Uint8Array[]): void {
    if (!this.#isClosed) this.#channel.write(parts);
  }

  /** Calls whose last word is to be waited for. */
  expect(calls: readonly Call[]): void {
    for (const call of calls) this.#waiting.set(call.id, call);
  }

  /** Asks for a sign of life and waits for it. False where the connection ends before. */
  async ping(): Promise<boolean> {
    const wanted = this.#pongs + 1;
    this.send(PING);
    return await this.#until(() => this.#pongs >= wanted);
  }

  /** Gives up what is not answered and waits for the last words. False where the connection ends before. */
  async settle(): Promise<boolean> {
    for (const { name, id } of this.#waiting.values()) this.send(cancelFrame(name, id));
    return await this.#until(() => this.#waiting.size === 0);
  }

  get unanswered(): readonly Call[] {
    return [...this.#waiting.values()];
  }

  destroy(): void {
    this.#isClosed = true;
    this.#channel.destroy();
  }

  async #until(condition: () => boolean): Promise<boolean> {
    while (!condition() && !this.#isClosed && this.malformed === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return condition();
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk);
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next())
        this.#take(frame);
    } catch (error) {
      this.malformed ??= String(error);
    }
    this.#wake();
  }

  #take(frame: Frame): void {
    if (frame.type === 'pong') this.#pongs += 1;
    else if (frame.type === 'ping') this.send(PONG);
    else if (frame.type !== 'hello') this.#answered(frame);
    this.#onFrame(frame);
  }

  #answered({ type, payload }: Frame): void {
    const kind = payload[0];
    if (type === 'goodbye') {
      this.#count(`goodbye ${codeIn(payload, 5)}`);
      return;
    }
    if (kind === KIND.item || kind === KIND.request) return;
    const id = readVarint(payload, 1);
    if (id === undefined || !this.#waiting.delete(id.value)) return;
    this.#count(kind === KIND.error ? codeIn(payload, id.end + 4) : 'done');
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

/** The text at that place; an error body begins with it. */
function codeIn(payload: Uint8Array, at: number): string {
  const start = payload[at] === 0 ? at + 4 : at;
  const length = payload[start] ?? 0;
  return new TextDecoder().decode(payload.subarray(start + 1, start + 1 + length));
}
