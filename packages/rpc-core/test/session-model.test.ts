import { u32 } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../src/call-table.ts';
import { defineContract, stream, unary } from '../src/index.ts';
import { Session } from '../src/session.ts';
import type { SessionEvent } from '../src/session-events.ts';
import { assertProperty } from './support/assert-property.ts';

const { methods } = defineContract({ ask: unary(u32, u32), list: stream(u32, u32) });
const CALLS_IN_FLIGHT = 4;

/** What happened to a call in the eyes of whoever made it. */
interface Outcome {
  readonly call: Call;
  ends: number;
  items: number[];
  isCancelled: boolean;
}

/** One of two sessions, its bytes under way, and what the model knows. */
class Side {
  readonly session = new Session({
    callsInFlight: CALLS_IN_FLIGHT,
    maxPayloadBytes: () => 1000,
    methodServed: (name) => (name === 'ask' ? methods.ask : methods.list),
  });
  readonly outcomes = new Map<number, Outcome>();
  readonly served = new Map<number, { readonly call: Call; sent: number }>();
  underWay: Uint8Array = new Uint8Array(0);

  /** Moves what the session wants to send on its way. */
  collect(): void {
    this.underWay = Buffer.concat([this.underWay, ...this.session.takeOutput()]);
  }

  receive(bytes: Uint8Array): void {
    this.session.receive(bytes);
    for (let event = this.session.nextEvent(); event !== undefined; event = this.session.nextEvent()) {
      this.#note(event);
    }
  }

  #note(event: SessionEvent): void {
    if (event.kind === 'request') this.served.set(event.call.id, { call: event.call, sent: 0 });
    if (!('call' in event) || event.kind === 'request' || event.kind === 'cancel' || event.kind === 'credit')
      return;
    const outcome = this.outcomes.get(event.call.id);
    if (outcome === undefined) throw new Error('an answer to a call that was never made');
    // A cancelled call has had its outcome.
    expect(outcome.isCancelled).toBe(false);
    expect(outcome.ends).toBe(0);
    if (event.kind === 'item') outcome.items.push(u32.read(event.body));
    else outcome.ends++;
  }
}

/** One thing that may happen, chosen by numbers so that any sequence is possible in any state. */
type Step =
  | { readonly kind: 'call'; readonly isStream: boolean; readonly windowBytes: number }
  | { readonly kind: 'cancel' | 'grant' | 'answer' | 'fail' | 'item'; readonly which: number }
  | { readonly kind: 'deliver'; readonly byteLength: number }
  | { readonly kind: 'ping' | 'goodbye' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('call'), isStream: fc.boolean(), windowBytes: fc.nat(200) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('deliver'), byteLength: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('item', 'answer', 'fail'), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'grant'), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'ping' } as const, { kind: 'goodbye' } as const) },
);

function act(side: Side, other: Side, step: Step): void {
  const { session } = side;
  switch (step.kind) {
    case 'call':
      if (session.canCall) start(side, step.isStream, step.windowBytes);
      break;
    case 'cancel':
      cancel(pick(openCalls(side), step.which));
      break;
    case 'grant':
      grant(pick(openCalls(side), step.which));
      break;
    case 'item':
    case 'answer':
    case 'fail':
      serveOne(side, step.kind, step.which);
      break;
    case 'deliver':
      deliver(side, other, step.byteLength);
      break;
    case 'ping':
      session.ping();
      break;
    case 'goodbye':
      if (session.state === 'open') session.goodbye();
  }
  side.collect();
  other.collect();

  function cancel(outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    outcome.isCancelled = true;
    session.cancel(outcome.call);
  }

  function grant(outcome: Outcome | undefined): void {
    if (outcome?.call.method?.kind === 'stream') session.grant(outcome.call, 100);
  }
}

function start(side: Side, isStream: boolean, windowBytes: number): void {
  const call = isStream
    ? side.session.request('list', methods.list, windowBytes, 1)
    : side.session.request('ask', methods.ask, 0, 1);
  side.outcomes.set(call.id, { call, ends: 0, items: [], isCancelled: false });
}

function openCalls(side: Side): Outcome[] {
  return [...side.outcomes.values()].filter(({ call }) => call.state === 'open');
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)];
}

function serveOne(side: Side, what: 'item' | 'answer' | 'fail', which: number): void {
  const entry = pick([...side.served.values()], which);
  if (entry === undefined) return;
  const { call } = entry;
  const isStream = call.method?.kind === 'stream';
  if (what === 'item') {
    if (isStream && call.balance > 0) side.session.sendItem(call, entry.sent++);
    return;
  }
  side.served.delete(call.id);
  if (what === 'fail') side.session.fail(call, { code: 'no', message: '' });
  else if (isStream) side.session.end(call);
  else side.session.respond(call, 7);
}

function deliver(from: Side, to: Side, byteLength: number): void {
  const bytes = from.underWay.slice(0, byteLength);
  from.underWay = from.underWay.slice(byteLength);
  if (bytes.length > 0) to.receive(bytes);
}

/** Lets everything come to its end. */
function finish(a: Side, b: Side): void {
  const isBusy = (): boolean => a.underWay.length + b.underWay.length + a.served.size + b.served.size > 0;
  a.collect();
  b.collect();
  while (isBusy()) {
    for (const [side, other] of [
      [a, b],
      [b, a],
    ] as const) {
      deliver(side, other, 17);
      serveOne(side, 'answer', 0);
      side.collect();
      other.collect();
    }
  }
}

describe('two sessions', () => {
  test('give each call exactly one outcome, whatever happens in whatever order and in whatever pieces', () => {
    const script = fc.array(fc.tuple(fc.boolean(), step), { maxLength: 300, size: 'max' });
    assertProperty(
      fc.property(script, (steps) => {
        const a = new Side();
        const b = new Side();
        a.collect();
        b.collect();
        for (const [isA, each] of steps) act(isA ? a : b, isA ? b : a, each);
        finish(a, b);
        for (const { session, outcomes } of [a, b]) {
          for (const { ends, isCancelled, items, call } of outcomes.values()) {
            expect(ends + Number(isCancelled)).toBe(1);
            expect(items).toEqual(items.map((_, index) => index));
            expect(call.state).toBe('done');
          }
          expect([session.callsMade, session.callsServed, session.partialBytes]).toEqual([0, 0, 0]);
        }
        const saidGoodbye = steps.some(([, { kind }]) => kind === 'goodbye') && a.session.state !== 'open';
        expect([a.session.state, b.session.state]).toEqual(
          saidGoodbye ? ['closed', 'closed'] : ['open', 'open'],
        );
      }),
    );
  });
});

describe('Session', () => {
  test('a call before the hello of the other side is refused here', () => {
    expect(() => new Side().session.request('ask', methods.ask, 0, 1)).toThrow(/the session is opening/);
  });

  test('answers of the wrong kind, and items without credit, are refused here', () => {
    const a = new Side();
    const b = new Side();
    a.collect();
    b.collect();
    deliver(a, b, 1000);
    deliver(b, a, 1000);
    start(a, false, 0);
    start(a, true, 0);
    a.collect();
    deliver(a, b, 1000);
    const [asked, listed] = [...b.served.values()].map(({ call }) => call);
    if (asked === undefined || listed === undefined) throw new Error('not served');
    expect(() => b.session.respond(listed, 1)).toThrow(/not a unary method/);
    expect(() => b.session.sendItem(asked, 1)).toThrow(/no stream/);
    expect(() => b.session.sendItem(listed, 1)).toThrow(/no credit/);
    expect(() => b.session.end(asked)).toThrow(/Cannot send end/);
    b.session.respond(asked, 1);
    expect(() => b.session.respond(asked, 1)).toThrow(/the call is done/);
    expect(() => b.session.goodbye()).not.toThrow();
    expect(() => b.session.goodbye()).toThrow(/the session is leaving/);
  });
});
