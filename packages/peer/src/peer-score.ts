/**
 * What one peer has shown us in this download: how fast it answers, how often it fails, whether it lies.
 *
 * Everything that affects it: what is reported with its time, the limits, and `Random` for the jitter of back-off. It
 * asks nothing and bans nobody by itself; the swarm does, with what it reads here. It outlives connections, so a peer
 * does not get rid of its record by hanging up.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { BanEvidence } from './swarm-events.ts';
import type { SwarmLimits } from './swarm-limits.ts';

/** Weight of the newest sample in the averages (RFC 6298, section 2: 1/8 for the mean, 1/4 for the deviation). */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
/** 10 GB/s: what a piece is believed to have come with that arrived between two ticks of the clock. */
const FASTEST_MS_PER_BYTE = 1e-7;
/** A wait for a busy peer doubles so often at the most: eight pieces' time. */
const MAX_BUSY_DOUBLINGS = 3;
/** Evidence is for a person to read: a few pieces are enough. */
const DENIED_PIECES_KEPT = 16;

/** Mean and mean deviation of a time, as TCP estimates its round trip (RFC 6298). */
export class TimeEstimate {
  #meanMs: number | undefined;
  #deviationMs = 0;

  add(sampleMs: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = sampleMs;
      this.#deviationMs = sampleMs / 2;
      return;
    }
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(sampleMs - this.#meanMs) - this.#deviationMs);
    this.#meanMs += MEAN_GAIN * (sampleMs - this.#meanMs);
  }

  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** What a sample hardly ever exceeds. */
  get boundMs(): number | undefined {
    return this.#meanMs === undefined ? undefined : this.#meanMs + 4 * this.#deviationMs;
  }
}

/** Mean rate of whole pieces, bytes per second while they are sent. */
export class RateEstimate {
  #msPerByte: number | undefined;

  add(bytes: number, durationMs: number): void {
    const sample = durationMs / Math.max(1, bytes);
    this.#msPerByte =
      this.#msPerByte === undefined ? sample : this.#msPerByte + MEAN_GAIN * (sample - this.#msPerByte);
  }

  /** Undefined before the first piece. */
  get bytesPerSecond(): number | undefined {
    return this.#msPerByte === undefined ? undefined : 1_000 / Math.max(this.#msPerByte, FASTEST_MS_PER_BYTE);
  }
}

export class PeerScore {
  /** From request to piece, queueing at the uploader included. */
  readonly answer: TimeEstimate = new TimeEstimate();
  /**
   * How fast it sends a piece once it has begun: its uplink, whatever the queue before it. The wait in its queue says
   * little about it: that is over when the next request comes.
   */
  readonly uplink: RateEstimate = new RateEstimate();
  readonly #limits: SwarmLimits;
  readonly #random: Random;
  readonly #deniedPieces: number[] = [];
  #denials = 0;
  #rttMs: number | undefined;
  #failures = 0;
  #refusals = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #evidence: BanEvidence | undefined;

  constructor(options: { readonly limits: SwarmLimits; readonly random: Random }) {
    this.#limits = options.limits;
    this.#random = options.random;
  }

  /** An answer that stood in no upload queue took this long: the path alone. The shortest one counts. */
  roundTrip(durationMs: number): void {
    this.#rttMs = Math.min(this.#rttMs ?? durationMs, durationMs);
  }

  /** A piece came in: `waitedMs` since it was asked for (or the one before came), of which `sentMs` to send it. */
  piece(piece: { readonly bytes: number; readonly waitedMs: number; readonly sentMs: number }): void {
    this.answer.add(piece.waitedMs);
    this.uplink.add(piece.bytes, piece.sentMs);
    this.#failures = 0;
    this.#refusals = 0;
  }

  /** A call or a connection failed: the wait doubles each time, with jitter so that peers do not come back in step. */
  failure(nowMs: number): void {
    this.#retryAtMs = nowMs + backoffMs(this.#failures, this.#limits, this.#random);
    this.#failures += 1;
  }

  /**
   * It is well and full: worth another try when it has sent a piece or two, `pieceMs` each as far as that is known. The
   * wait grows a little with each refusal in a row, so that many who wait do not come all the time.
   */
  busy(pieceMs: number | undefined, nowMs: number): void {
    const { minBusyMs, maxBusyMs } = this.#limits;
    const waitMs = Math.min(maxBusyMs, Math.max(minBusyMs, pieceMs ?? 0)) * 2 ** this.#refusals;
    this.#retryAtMs = nowMs + jittered(waitMs, this.#random);
    this.#refusals = Math.min(this.#refusals + 1, MAX_BUSY_DOUBLINGS);
  }

  /** It denied pieces that it had announced. True where that has happened too often for a mistake. */
  deny(pieces: readonly number[]): boolean {
    this.#denials += 1;
    this.#deniedPieces.push(...pieces.slice(0, DENIED_PIECES_KEPT - this.#deniedPieces.length));
    return this.#denials >= this.#limits.maxDenials;
  }

  ban(evidence: BanEvidence): void {
    this.#evidence ??= evidence;
  }

  get bannedFor(): BanEvidence | undefined {
    return this.#evidence;
  }

  get deniedPieces(): readonly number[] {
    return this.#deniedPieces;
  }

  /** Not to be asked or called before this. */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** Shortest answer seen; 0 before any. */
  get rttMs(): number {
    return this.#rttMs ?? 0;
  }

  /**
   * How long a request of `pieces` may take before its pieces are offered to others: what this peer hardly ever
   * exceeds, or twice what the others do while it has shown nothing, between a floor and a ceiling.
   */
  patienceMs(pieces: number, others: TimeEstimate): number {
    const othersMs = others.boundMs;
    const known =
      this.answer.boundMs ?? (othersMs === undefined ? this.#limits.firstDeadlineMs : 2 * othersMs);
    return Math.min(this.#limits.maxDeadlineMs, Math.max(this.#limits.minDeadlineMs, known * pieces));
  }
}

/** The wait after `failures` earlier ones: exponential, half of it random. */
export function backoffMs(
  failures: number,
  limits: Pick<SwarmLimits, 'retryBaseMs' | 'retryMaxMs'>,
  random: Random,
): number {
  return jittered(Math.min(limits.retryMaxMs, limits.retryBaseMs * 2 ** Math.min(failures, 30)), random);
}

function jittered(waitMs: number, random: Random): number {
  return waitMs / 2 + (waitMs / 2) * (random.integer(1_024) / 1_023);
}
