/**
 * What one connection is sent at a time: mutants that a well-behaved receiver answers, and perhaps one at the end after which
 * it has to close. A batch follows from the seed and its number, so that a finding can be had again.
 */
import { Chance } from './chance.ts';
import type { Corpus, Message } from './corpus.ts';
import { cancelFrame, frame, GOODBYE, HELLO, KIND, PING, PONG, payload } from './frames.ts';
import { joined, mutate } from './mutate.ts';

export interface Call {
  readonly name: string;
  readonly id: number;
}

export interface Batch {
  readonly frames: readonly Uint8Array[];
  /** Those whose answer is waited for. */
  readonly calls: readonly Call[];
  /** Whether the receiver has a reason to close the connection. */
  readonly mayEnd: boolean;
}

/** Few enough that a batch never has more calls than a connection may have. */
const MOST_CALLS = 40;
const nothing = new Uint8Array();

/** The frames of batch `number`, with call ids from `firstId` on. */
export function makeBatch(corpus: Corpus, seed: number, number: number, firstId: number): Batch {
  const chance = new Chance(seed, number);
  const maker = new BatchMaker(corpus, chance, firstId);
  const count = 8 + chance.below(MOST_CALLS - 8);
  for (let made = 0; made < count; made += 1) maker.addAnswered();
  const mayEnd = chance.oneIn(6);
  if (mayEnd) for (let left = 1 + chance.below(3); left > 0; left -= 1) maker.addEnding();
  return { frames: maker.frames, calls: maker.calls, mayEnd };
}

class BatchMaker {
  readonly frames: Uint8Array[] = [];
  readonly calls: Call[] = [];
  readonly #corpus: Corpus;
  readonly #chance: Chance;
  readonly #firstId: number;
  #nextId: number;

  constructor(corpus: Corpus, chance: Chance, firstId: number) {
    this.#corpus = corpus;
    this.#chance = chance;
    this.#firstId = firstId;
    this.#nextId = firstId;
  }

  /** A frame that does not give the receiver a reason to close. */
  addAnswered(): void {
    const chance = this.#chance;
    const message = chance.pick(this.#corpus.messages);
    const form = chance.below(20);
    if (form < 2) this.#request(message, chance.pick(message.requests));
    else if (form < 15)
      this.#request(message, mutate(chance.pick(message.requests), chance, this.#corpus.bodies));
    else if (form < 17) this.#request(message, chance.pick(this.#corpus.bodies));
    else if (form < 18)
      this.frames.push(...Array<Uint8Array>(1 + chance.below(30)).fill(chance.pick([PING, PONG])));
    else this.#late(message);
  }

  /** A frame that breaks the protocol, most of the time. */
  addEnding(): void {
    const chance = this.#chance;
    const message = chance.pick(this.#corpus.messages);
    const whole = this.#whole(message);
    const forms: readonly (() => Uint8Array)[] = [
      () => mutate(whole, chance, this.#corpus.bodies),
      () => mutate(whole, chance, this.#corpus.bodies),
      () => frame(message.name, mutate(whole.subarray(7 + message.name.length), chance, this.#corpus.bodies)),
      () => this.#unasked(message),
      () => this.#header(message.name),
      () => joined(HELLO, HELLO),
      () => joined(GOODBYE, whole, GOODBYE),
      () => frame('goodbye', mutate(GOODBYE.subarray(14), chance, this.#corpus.bodies)),
      () => frame('hello', mutate(HELLO.subarray(12), chance, this.#corpus.bodies)),
      () => chance.bytes(1 + chance.below(2_000)),
      () => whole.subarray(0, chance.below(whole.length)),
      () => this.#tooManyCalls(message),
      () => this.#creditStorm(message),
      () => joined(...Array<Uint8Array>(50 + chance.below(2_000)).fill(PING)),
    ];
    this.frames.push(chance.pick(forms)());
  }

  #request(message: Message, body: Uint8Array): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const window = message.isStream
      ? this.#chance.pick([0, 1, 1_000, 1_048_576, Number.MAX_SAFE_INTEGER])
      : 0;
    this.frames.push(frame(message.name, payload(KIND.request, id, window, body)));
    this.calls.push({ name: message.name, id });
    if (message.isStream && this.#chance.oneIn(2)) this.frames.push(cancelFrame(message.name, id));
    if (this.#chance.oneIn(15))
      this.frames.push(cancelFrame(message.name, id), cancelFrame(message.name, id));
  }

  /** Cancel or credit for a call that was answered long ago. */
  #late(message: Message): void {
    const id = 1 + this.#chance.below(this.#firstId - 1);
    if (this.#firstId === 1) {
      this.frames.push(PING);
      return;
    }
    const amount = this.#chance.below(100_000);
    const credit = payload(KIND.credit, id, amount, nothing);
    this.frames.push(this.#chance.oneIn(2) ? cancelFrame(message.name, id) : frame(message.name, credit));
  }

  /** A response, item, error or end that nobody asked for. */
  #unasked(message: Message): Uint8Array {
    const chance = this.#chance;
    const kind = chance.pick([KIND.response, KIND.error, KIND.item, KIND.end, 0, 8, 255]);
    const id = chance.pick([0, 1, this.#nextId, Number.MAX_SAFE_INTEGER]);
    return frame(message.name, payload(kind, id, undefined, chance.pick(message.answers.concat(nothing))));
  }

  /** The head of a frame that is larger than anything, and a little of it. */
  #header(name: string): Uint8Array {
    const chance = this.#chance;
    const head = frame(name, chance.bytes(chance.below(100)));
    new DataView(head.buffer).setUint32(
      3 + name.length,
      chance.pick([0xffff_ffff, 0x7fff_ffff, 70_000, 300_000]),
    );
    return head;
  }

  #tooManyCalls(message: Message): Uint8Array {
    const body = this.#chance.pick(message.requests.concat(nothing));
    const storm = Array.from({ length: 70 }, (_, at) =>
      joined(
        frame(message.name, payload(KIND.request, this.#nextId + at, 0, body)),
        cancelFrame(message.name, this.#nextId + at),
      ),
    );
    this.#nextId += storm.length;
    return joined(...storm);
  }

  #creditStorm(message: Message): Uint8Array {
    const id = this.#nextId;
    this.#nextId += 1;
    const body = this.#chance.pick(message.requests.concat(nothing));
    const amount = this.#chance.pick([0, 1, Number.MAX_SAFE_INTEGER]);
    const credit = frame(message.name, payload(KIND.credit, id, amount, nothing));
    const request = frame(message.name, payload(KIND.request, id, 0, body));
    return joined(request, ...Array<Uint8Array>(500).fill(credit));
  }

  /** A whole frame of the message: a request, or what an answer would be. */
  #whole(message: Message): Uint8Array {
    const chance = this.#chance;
    const id = this.#nextId;
    this.#nextId += 1;
    const body = chance.pick(message.requests.concat(nothing));
    const kind = chance.pick(Object.values(KIND));
    const amount = kind === KIND.request || kind === KIND.credit ? chance.below(1_000_000) : undefined;
    return frame(message.name, payload(kind, id, amount, body));
  }
}

/** What a hostile side answers to a call. */
export interface HostileAnswer {
  readonly frames: readonly Uint8Array[];
  /** Whether the caller has a reason to close the connection, or to wait for the rest of a frame. */
  readonly mayEnd: boolean;
}

/** An answer to call `id` of `message`: mostly a mutated one, sometimes the wrong kind of it. */
export function makeAnswer(message: Message, id: number, corpus: Corpus, chance: Chance): HostileAnswer {
  const body = (): Uint8Array => {
    if (message.answers.length === 0 || chance.oneIn(10)) return chance.pick(corpus.bodies);
    const right = chance.pick(message.answers);
    return chance.oneIn(8) ? right : mutate(right, chance, corpus.bodies);
  };
  const of = (kind: number, bytes: Uint8Array): Uint8Array =>
    frame(message.name, payload(kind, id, undefined, bytes));
  if (chance.oneIn(400)) return { frames: [of(chance.below(9), body())], mayEnd: true };
  if (chance.oneIn(400))
    return { frames: [mutate(of(KIND.response, body()), chance, corpus.bodies)], mayEnd: true };
  if (chance.oneIn(400))
    return { frames: [of(KIND.error, mutate(ERROR_BODY, chance, corpus.bodies))], mayEnd: true };
  if (chance.oneIn(12)) return { frames: [of(KIND.error, ERROR_BODY)], mayEnd: false };
  if (!message.isStream) return { frames: [of(KIND.response, body())], mayEnd: false };
  const items = Array.from({ length: chance.below(5) }, () => of(KIND.item, body()));
  return { frames: [...items, of(KIND.end, nothing)], mayEnd: false };
}

const ERROR_BODY = Uint8Array.from([0, 0, 0, 10, 4, 0x62, 0x75, 0x73, 0x79, 4, 0x62, 0x75, 0x73, 0x79]);
