/** The faults that a person has to look at, the newest first, each once. */
import { MESSAGE_LIMITS } from '../message-limits.ts';
import { shortened } from './shortened.ts';

export interface Fault {
  readonly atMs: number;
  readonly reason: string;
}

export class FaultList {
  #faults: readonly Fault[] = [];

  get all(): readonly Fault[] {
    return this.#faults;
  }

  /** Notes that it happened, again or for the first time; whether it was not in the list. */
  note({ atMs, reason }: Fault): boolean {
    const fault = { atMs, reason: shortened(reason) };
    const others = this.#faults.filter(({ reason }) => reason !== fault.reason);
    const isNew = others.length === this.#faults.length;
    this.#faults = [fault, ...others].slice(0, MESSAGE_LIMITS.faults);
    return isNew;
  }
}
