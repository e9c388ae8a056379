/**
 * Finds out what a file is and who has pieces of it: from a tracker, and where none answers from what one said before.
 *
 * What affects it:
 * - a download that is new fails as the tracker's answer does; one that goes on after a restart asks until it is answered;
 * - with what is remembered it begins after a moment even so, and hears of a tracker's refusal later;
 * - every tracker may describe the file, and every announce may name peers: all of them are kept;
 * - what a tracker says of the file counts only as far as its sharer signed it, and so does what is remembered.
 */
import { type Clock, RpcError } from '@minitorrent/rpc-core';
import { type PeerAddress, toHex } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type { FileDescription } from '../file-description.ts';
import { peerOfDevice } from '../peer-place.ts';
import type { FileClaim } from '../shared-file-check.ts';
import type { PeerId } from '../swarm-events.ts';
import { untilAborted, wait } from '../waiting.ts';

const log = createDebug('minitorrent:peer:inquiry');

const MAKE_FILE_MS = 10_000;
/** A tracker that is there has answered by then. */
const REMEMBERED_AFTER_MS = 1_000;
/** Between two questions that nobody answered, each of which has waited for a tracker already. */
const ASK_AGAIN_MS = 1_000;

export interface FileInquiryOptions {
  readonly name: string;
  /** This peer's own, which is no source. */
  readonly deviceId: Uint8Array;
  readonly clock: Clock;
  /** How long a tracker may take from its answer to `download_file` to its `make_file`; 10 s unless given. */
  readonly makeFileMs?: number;
  /** The download goes on after a restart, with what a tracker said before it, if one did. */
  readonly resumed?: { readonly description: FileDescription | undefined };
  /** Asks a tracker for the file; its `make_file` follows as a call of `describe`. */
  requestFile(signal: AbortSignal): Promise<void>;
  /** Why this is not believed; undefined where it is. */
  check(claim: FileClaim): PeerError | undefined;
  /** There is something to remember. */
  onLearned(description: FileDescription): void;
  /** A tracker refused the file after `find` had done without. */
  onRefused(error: unknown): void;
}

export class FileInquiry {
  readonly #options: FileInquiryOptions;
  readonly #peers = new Map<PeerId, PeerAddress>();
  readonly #told = Promise.withResolvers<FileDescription>();
  #known: FileClaim | undefined;

  constructor(options: FileInquiryOptions) {
    this.#options = options;
    // It may fail before anybody waits for it.
    this.#told.promise.catch(() => undefined);
  }

  /** Who has pieces, as far as is known; who was heard of last comes last. */
  get peers(): ReadonlyMap<PeerId, PeerAddress> {
    return this.#peers;
  }

  /** All that is known; undefined before the file is. */
  get description(): FileDescription | undefined {
    return this.#known && { ...this.#known, peers: [...this.#peers.values()] };
  }

  /**
   * The tracker's `make_file`. False where it is about another file of that name. Fails with `bad_signature` where it is not
   * believed, and so does `find` where nothing else is known.
   */
  describe({ peers, ...claim }: FileDescription): boolean {
    const problem = this.#options.check(claim);
    if (problem !== undefined) {
      this.#told.reject(problem);
      throw problem;
    }
    this.#known ??= claim;
    if (toHex(this.#known.file.root) !== toHex(claim.file.root)) return false;
    this.#told.resolve({ ...claim, peers });
    this.peersFound(peers);
    return true;
  }

  /** These peers have pieces of the file. Answers them without this device, wherever it is said to be. */
  peersFound(peers: readonly PeerAddress[]): ReadonlyMap<PeerId, PeerAddress> {
    const { deviceId, onLearned } = this.#options;
    const found = new Map(peers.map((peer) => [peerOfDevice(peer.deviceId), peer]));
    found.delete(peerOfDevice(deviceId));
    const isNews = [...found].some(([id, peer]) => !isSamePlace(this.#peers.get(id), peer));
    for (const [id, peer] of found) {
      this.#peers.delete(id);
      this.#peers.set(id, peer);
    }
    const description = isNews ? this.description : undefined;
    if (description !== undefined) onLearned(description);
    return found;
  }

  /** What the file is. Rejects as said above, and with the signal's reason. */
  async find(signal: AbortSignal): Promise<FileDescription> {
    const { resumed } = this.#options;
    if (resumed === undefined) return await this.#ask(signal);
    const asking = this.#askUntilAnswered(signal);
    const { description } = resumed;
    const isBelieved = description !== undefined && this.#options.check(description) === undefined;
    return isBelieved ? await this.#remember(description, asking, signal) : await asking;
  }

  /** The answer if it comes soon. */
  async #remember(
    remembered: FileDescription,
    asking: Promise<FileDescription>,
    signal: AbortSignal,
  ): Promise<FileDescription> {
    const answered = new AbortController();
    const stopWaiting = (): void => answered.abort();
    asking.then(stopWaiting, stopWaiting);
    await wait(this.#options.clock, REMEMBERED_AFTER_MS, AbortSignal.any([signal, answered.signal]));
    if (answered.signal.aborted || signal.aborted) return await asking;
    asking.catch((error: unknown) => this.#options.onRefused(error));
    this.describe(remembered);
    return remembered;
  }

  async #askUntilAnswered(signal: AbortSignal): Promise<FileDescription> {
    for (;;) {
      try {
        return await this.#ask(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isRefusal(error)) throw error;
        log('nobody describes %s yet: %s', this.#options.name, String(error));
      }
      await wait(this.#options.clock, ASK_AGAIN_MS, signal);
    }
  }

  /** Asks the tracker, and waits for its `make_file`. */
  async #ask(signal: AbortSignal): Promise<FileDescription> {
    const { clock, name, requestFile, makeFileMs = MAKE_FILE_MS } = this.#options;
    const tooLate = new AbortController();
    await requestFile(signal);
    const disarm = clock.schedule(makeFileMs, () => tooLate.abort(noDescription(name)));
    try {
      return await untilAborted(this.#told.promise, AbortSignal.any([signal, tooLate.signal]));
    } finally {
      disarm();
    }
  }
}

function isSamePlace(known: PeerAddress | undefined, { host, port }: PeerAddress): boolean {
  return known?.host === host && known.port === port;
}

/** Asking again would not change it. */
function isRefusal(error: unknown): boolean {
  if (error instanceof PeerError)
    return error.code !== 'tracker_unreachable' && error.code !== 'no_description';
  return !(error instanceof RpcError) || (error.remote && !PASSING.has(error.code));
}

const PASSING: ReadonlySet<string> = new Set([
  'busy',
  'internal',
  'no_primary',
  'not_logged_in',
  'not_primary',
  'rate_limited',
]);

function noDescription(name: string): PeerError {
  return new PeerError('no_description', `Cannot download ${name}: the tracker did not describe it in time`);
}
