/**
 * Who is primary: the one user of the register.
 *
 * A swap whose outcome is unknown may still be done later. So it stays in `possible` until a config of a higher epoch is
 * known, which makes it fail for ever; while it is there, a primary has to treat its members as in sync, and a tracker
 * that asked to be primary promises nothing to the one before.
 */
import type { Config, ReadOutcome, SwapOutcome } from '../register.ts';
import { sameConfig } from '../register.ts';
import type { Member } from './member.ts';

interface Question {
  readonly id: number;
  readonly sentAtMs: number;
  /** The register was there already when it was asked. */
  readonly leastEpoch: number;
  /** None for a read. */
  readonly proposal: Config | undefined;
}

export class Election {
  readonly #member: Member;
  /** The config is the register's, or a later one; without a register: some primary was heard. */
  isConfigKnown = false;
  /** Proposals for the next epoch whose outcome is not known. */
  possible: readonly Config[] = [];
  /** Why each of them was proposed. */
  readonly #reasons = new Map<Config, string>();
  #question: Question | undefined;
  #nextId = 1;
  #readAgainAtMs = Number.NEGATIVE_INFINITY;
  /** Does not wait for `#readAgainAtMs`: who waits for its turn to lead reads all the time. */
  #proposeAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(member: Member) {
    this.#member = member;
  }

  /** Has asked to be primary and may be it by now. */
  get isCandidate(): boolean {
    const { self, isLeading } = this.#member;
    return !isLeading && this.possible.some((config) => config.primary === self);
  }

  /** Reads the register where that is not under way and was not done just now. */
  read(): void {
    if (!this.#mayAsk(this.#readAgainAtMs)) return;
    const id = this.#ask(undefined);
    this.#member.emit({ kind: 'read_register', request: id });
  }

  /** Proposes the next config; its epoch is set here. Without a register it holds at once. */
  propose(next: Omit<Config, 'epoch'>, reason: string): void {
    const { config, options } = this.#member;
    const proposal = { epoch: config.epoch + 1, ...next };
    if (!options.hasRegister) {
      this.adopt(proposal, { isMine: true, reason });
      return;
    }
    if (!this.#mayAsk(this.#proposeAgainAtMs)) return;
    const id = this.#ask(proposal);
    this.#remember(proposal);
    this.#member.emit({
      kind: 'swap_register',
      request: id,
      expectedEpoch: config.epoch,
      config: proposal,
    });
    this.#reasons.set(proposal, reason);
  }

  /** Goes on under a config that holds. */
  adopt(config: Config, { isMine, reason }: { readonly isMine: boolean; readonly reason: string }): void {
    const member = this.#member;
    if (config.epoch <= member.config.epoch) return;
    this.possible = [];
    this.#reasons.clear();
    member.adopt(config, { isLeading: isMine && config.primary === member.self, reason });
  }

  /** Another tracker told of `config`; it may be what this one proposed, without having heard the outcome. */
  heard(config: Config): void {
    this.#goOn(config, 'another tracker told of it');
  }

  wasRead(request: number, outcome: ReadOutcome): void {
    const question = this.#takeQuestion(request);
    if (outcome.kind === 'current' && question !== undefined) this.#learn(outcome.config, question);
  }

  wasSwapped(request: number, outcome: SwapOutcome): void {
    const question = this.#takeQuestion(request);
    if (question?.proposal === undefined || outcome.kind === 'unknown') return;
    this.#learn(outcome.kind === 'ok' ? question.proposal : outcome.config, question);
  }

  /** Gives up a question that the register does not answer; an answer after that is ignored. */
  expire(): void {
    const question = this.#question;
    const { registerMs } = this.#member.timings;
    if (question === undefined || !this.#member.isDue(question.sentAtMs + 2 * registerMs)) return;
    this.#question = undefined;
    if (this.#member.isPlanted('forget_unknown_swaps')) this.possible = [];
  }

  #learn(config: Config, { leastEpoch }: Question): void {
    if (config.epoch < leastEpoch) {
      const message = `The register says epoch ${config.epoch}, but was at ${leastEpoch} already: it lost what it kept`;
      this.#member.emit({ kind: 'fault', message });
      return;
    }
    this.isConfigKnown = true;
    // What follows from a new config need not wait; to hear the same one again has time.
    if (config.epoch > this.#member.config.epoch) {
      this.#readAgainAtMs = this.#member.nowMs;
      this.#proposeAgainAtMs = this.#member.nowMs;
    }
    this.#goOn(config, 'another tracker changed who is in sync');
  }

  #goOn(config: Config, otherwise: string): void {
    const mine = this.possible.find((proposal) => sameConfig(proposal, config));
    const isMine = mine !== undefined && (this.#member.isLeading || this.isCandidate);
    this.adopt(config, { isMine, reason: (mine && this.#reasons.get(mine)) ?? otherwise });
  }

  #mayAsk(atMs: number): boolean {
    if (this.#question !== undefined) return false;
    return this.#member.isDue(atMs);
  }

  #ask(proposal: Config | undefined): number {
    const { nowMs, timings, leastEpoch } = this.#member;
    const id = this.#nextId++;
    this.#question = { id, sentAtMs: nowMs, leastEpoch, proposal };
    this.#readAgainAtMs = nowMs + timings.registerMs;
    if (proposal !== undefined) this.#proposeAgainAtMs = this.#readAgainAtMs;
    return id;
  }

  #takeQuestion(request: number): Question | undefined {
    const question = this.#question;
    if (question?.id !== request) return undefined;
    this.#question = undefined;
    return question;
  }

  #remember(proposal: Config): void {
    if (this.possible.some((other) => sameConfig(other, proposal))) return;
    this.possible = [...this.possible, proposal];
  }
}
