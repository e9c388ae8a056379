/**
 * How many bytes of an uplink may be under way: as many as keep it busy, and few more.
 *
 * What a socket has taken has not left: behind a slow uplink it lies in the memory of the kernel or of a router, and the piece
 * that it is of was chosen too early. So receivers are asked how far they have read, and what they have not answered for is
 * kept within what the uplink carries until an answer comes, and for `aheadMs` more.
 *
 * Everything that affects it: the bytes that go, when questions go and when they are answered, the limits. While answers are in
 * time, the window grows by what they answer for, less the nearer they are to being late; so it doubles as long as there is no queue.
 * A late answer cuts it to what the uplink carries in the time that was allowed. A receiver's own delay is the shortest that it
 * ever answered after; only where the window is at its least, and no delay is of our making, may it grow. A receiver that
 * does not answer at all is itself what is slow: it gets nothing more until it does, and what it has takes nobody's place.
 *
 * On a fast line the window is larger than what its user would have under way without it, and nothing ever waits.
 */
import { BusyRate } from './busy-rate.ts';

export interface UploadWindowLimits {
  /**
   * For how long the uplink is to be busy beyond an answer's delay: as long as a busy program may be held up, on either side.
   * A piece that is chosen so much too early costs little, while it is not a good part of all that is asked for at a time.
   */
  readonly aheadMs: number;
  /** Where it begins, in bytes: what any line carries. */
  readonly startBytes: number;
  /** Two leaves: one that goes, and one behind it. */
  readonly leastBytes: number;
  /** Busy time that the uplink's rate is measured over: in less, single blocks would be seen. */
  readonly rateMs: number;
  /** So many answers in a row at the least window say what a receiver's delay is now. */
  readonly answersRemembered: number;
  /** Blocks in a window, and questions: the more, the steadier it moves. */
  readonly blocksPerWindow: number;
  /** An answer that takes so many times as long as it is allowed is overdue. */
  readonly overdueFactor: number;
  /** The first answer of a receiver is overdue after this, which is no harm to one that is only far away. */
  readonly firstAnswerMs: number;
}

/** The defaults. */
export const UPLOAD_WINDOW_LIMITS: UploadWindowLimits = {
  aheadMs: 50,
  startBytes: 64 * 1024,
  leastBytes: 32 * 1024,
  rateMs: 200,
  answersRemembered: 8,
  blocksPerWindow: 4,
  overdueFactor: 4,
  firstAnswerMs: 250,
};

interface Question {
  readonly id: number;
  readonly atMs: number;
  /** Bytes that had been sent to the receiver by then, from the start. */
  readonly sentBytes: number;
}

/** Whether a block may go; if not, what it waits for: room, or an answer of its own receiver. */
export type Grant = 'granted' | 'full' | 'overdue';

interface Line {
  readonly questions: Question[];
  /** Of blocks that were let go; a little later they are sent. */
  grantedBytes: number;
  sentBytes: number;
  askedBytes: number;
  arrivedBytes: number;
  /** The shortest delay of an answer; infinite before the first. */
  delayMs: number;
  lastDelaysMs: readonly number[];
}

/** The window of one uplink; `Receiver` is whatever tells the lines to receivers apart. */
export class UploadWindow<Receiver> {
  readonly #limits: UploadWindowLimits;
  readonly #lines = new Map<Receiver, Line>();
  readonly #rate: BusyRate;
  #size: number;
  /** Under way to anybody. */
  #underWayBytes = 0;
  /** A block was refused since the last answer. */
  #isFull = false;
  #lastId = 0;

  constructor(limits: Partial<UploadWindowLimits> = {}) {
    this.#limits = { ...UPLOAD_WINDOW_LIMITS, ...limits };
    this.#size = this.#limits.startBytes;
    this.#rate = new BusyRate(this.#limits.rateMs);
  }

  /** Bytes that may be under way. */
  get size(): number {
    return this.#size;
  }

  /** Bytes under way to receivers that answer. */
  underWayBytes(nowMs: number): number {
    let bytes = this.#underWayBytes;
    for (const line of this.#lines.values())
      if (isOverdue(line, this.#limits, nowMs)) bytes -= underWay(line);
    return bytes;
  }

  /** What to send at a time: `mostBytes`, or whole leaves and a share of a window that has not room for two of these. */
  blockBytes(leafBytes: number, mostBytes: number): number {
    if (this.#size >= 2 * mostBytes) return mostBytes;
    const leaves = Math.floor(this.#size / this.#limits.blocksPerWindow / leafBytes);
    return Math.min(mostBytes, Math.max(1, leaves) * leafBytes);
  }

  /**
   * Lets a block go, which is `sent` soon after. One that may not go asks again after an answer, and
   * when `overdueAtMs` has come; whoever waits for room goes before those that came later, or a large block never would.
   */
  take(receiver: Receiver, bytes: number, nowMs: number): Grant {
    const line = this.#lineTo(receiver);
    const before = this.underWayBytes(nowMs);
    const isLate = isOverdue(line, this.#limits, nowMs);
    const fits = before === 0 || before + bytes <= this.#size;
    if (isLate || !fits) {
      this.#isFull = true;
      return isLate ? 'overdue' : 'full';
    }
    if (before === 0) this.#rate.resume(nowMs);
    line.grantedBytes += bytes;
    this.#underWayBytes += bytes;
    return 'granted';
  }

  /** A block that was let go is on the connection: from now on its receiver can be asked for it. */
  sent(receiver: Receiver, bytes: number): void {
    const line = this.#lines.get(receiver);
    if (line) line.sentBytes += bytes;
  }

  /** Receivers to ask now: enough has gone to them since, or a block waits and they were not asked. */
  *due(): Generator<Receiver> {
    const share = this.#size / this.#limits.blocksPerWindow;
    for (const [receiver, { sentBytes, askedBytes, questions }] of this.#lines) {
      const isAwaited = this.#isFull && questions.length === 0;
      if (sentBytes > askedBytes && (isAwaited || sentBytes - askedBytes >= share / 2)) yield receiver;
    }
  }

  /** Whether something was sent to the receiver since it was asked. */
  hasUnasked(receiver: Receiver): boolean {
    const line = this.#lines.get(receiver);
    return line !== undefined && line.sentBytes > line.askedBytes;
  }

  /** The receiver is asked; answers what the question is called. */
  ask(receiver: Receiver, nowMs: number): number {
    const line = this.#lineTo(receiver);
    this.#lastId += 1;
    line.askedBytes = line.sentBytes;
    line.questions.push({ id: this.#lastId, atMs: nowMs, sentBytes: line.sentBytes });
    return this.#lastId;
  }

  /** A question is answered, and with it those before it. */
  answered(receiver: Receiver, id: number, nowMs: number): void {
    const line = this.#lines.get(receiver);
    if (!line) return;
    // Nobody knows when the bytes of a late answer arrived: of how fast the uplink is they tell nothing.
    const isLate = isOverdue(line, this.#limits, nowMs);
    let question: Question | undefined;
    while (line.questions[0] !== undefined && line.questions[0].id <= id) question = line.questions.shift();
    if (!question) return;
    const bytes = question.sentBytes - line.arrivedBytes;
    line.arrivedBytes += bytes;
    if (!isLate) this.#rate.arrived(bytes, nowMs);
    this.#removeUnderWay(bytes, nowMs);
    this.#learn(line, bytes, nowMs - question.atMs);
    this.#isFull = false;
  }

  /** The line to the receiver is gone, and what was on it. */
  forget(receiver: Receiver, nowMs: number): void {
    const line = this.#lines.get(receiver);
    if (!line) return;
    this.#lines.delete(receiver);
    this.#removeUnderWay(underWay(line), nowMs);
  }

  /** When the next receiver becomes overdue that is not; infinite without one. */
  overdueAtMs(nowMs: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const line of this.#lines.values()) {
      const atMs = overdueAtMs(line, this.#limits);
      if (atMs > nowMs) earliest = Math.min(earliest, atMs);
    }
    return earliest;
  }

  #learn(line: Line, bytes: number, delayMs: number): void {
    const { aheadMs, leastBytes, answersRemembered } = this.#limits;
    line.lastDelaysMs = [...line.lastDelaysMs, delayMs].slice(-answersRemembered);
    const isLeast = this.#size === leastBytes && line.lastDelaysMs.length === answersRemembered;
    line.delayMs = isLeast ? Math.min(...line.lastDelaysMs) : Math.min(line.delayMs, delayMs);
    const allowedMs = line.delayMs + aheadMs;
    if (delayMs > allowedMs) {
      const carried = this.#rate.bytesPerMs * allowedMs;
      this.#size = Math.max(leastBytes, Math.min(this.#size, carried));
    } else if (this.#isFull) this.#size += bytes * (1 - delayMs / allowedMs);
  }

  /** With nothing under way but to those that do not answer, the uplink is idle. */
  #removeUnderWay(bytes: number, nowMs: number): void {
    this.#underWayBytes -= bytes;
    if (this.underWayBytes(nowMs) === 0) this.#rate.pause();
  }

  #lineTo(receiver: Receiver): Line {
    const known = this.#lines.get(receiver);
    if (known) return known;
    const line: Line = {
      ...{ questions: [], grantedBytes: 0, sentBytes: 0, askedBytes: 0, arrivedBytes: 0 },
      ...{ delayMs: Number.POSITIVE_INFINITY, lastDelaysMs: [] },
    };
    this.#lines.set(receiver, line);
    return line;
  }
}

function underWay({ grantedBytes, arrivedBytes }: Line): number {
  return grantedBytes - arrivedBytes;
}

function isOverdue(line: Line, limits: UploadWindowLimits, nowMs: number): boolean {
  return nowMs >= overdueAtMs(line, limits);
}

function overdueAtMs({ questions, delayMs }: Line, limits: UploadWindowLimits): number {
  const askedAtMs = questions[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const isNew = delayMs === Number.POSITIVE_INFINITY;
  return askedAtMs + (isNew ? limits.firstAnswerMs : limits.overdueFactor * (delayMs + limits.aheadMs));
}
