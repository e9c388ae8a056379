/**
 * `PROTOCOL.md` against the code: every layout, vector, conversation, message, error code and limit that it prints.
 *
 * What the document says is read by helpers that know nothing of the packages' messages, so a difference in either place
 * shows here. A message, an error code or a field that is not documented fails, and so does a documented one that is gone.
 */
import { createManifest } from '@minitorrent/chunk-store';
import { peerContract } from '@minitorrent/peer';
import { type Client, type Contract, createConnection, defaultRpcLimits, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock, createSeededRandom } from '@minitorrent/rpc-core/testing';
import { createMemoryJournal, DEFAULT_LIMITS, openTrackerService } from '@minitorrent/tracker';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { witnessContract } from '@minitorrent/tracker/witness';
import { type Codec, createFrameDecoder, decode, encode, encodeFrame } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { conversation, play } from './protocol/conversation.ts';
import { blocks, entries, partsOf, tableRows } from './protocol/document.ts';
import { errorCodes } from './protocol/error-codes.ts';
import { plainSchema, readLayouts, readType } from './protocol/layout.ts';
import { bodyOf, messagesOf } from './protocol/messages.ts';
import { alice, aliceProof, bob, bobProof, stampOf, tracker } from './protocol/people.ts';
import { fromHex, fromJson, toHex } from './protocol/values.ts';

const CONTRACTS = {
  tracker: [trackerContract],
  witness: [witnessContract],
  peer: [trackerCallbacks, peerContract],
} as const;
const ALL_CONTRACTS = Object.values(CONTRACTS).flat();
const layouts = readLayouts(
  blocks('layout')
    .map(({ text }) => text)
    .join('\n'),
);
const messages = messagesOf(ALL_CONTRACTS);

/** The code's codec where it has one, so that the document is not checked against itself. */
function codecOf(type: string): Codec<unknown> {
  return messages.get(type) ?? readType(type, layouts);
}

describe('layouts of PROTOCOL.md', () => {
  it.each([...messages])('%s is laid out as the code has it', (name, codec) => {
    const documented = layouts.get(name);
    if (documented === undefined) throw new Error(`PROTOCOL.md has no layout ${name}`);
    expect(plainSchema(documented.schema)).toEqual(plainSchema(codec.schema));
  });

  it('are those of messages that exist', () => {
    const documented = [...layouts.keys()].filter((name) => name.includes('.'));
    expect(documented.sort()).toEqual([...messages.keys()].sort());
  });

  it('name every message with who serves it, its kind and its largest bodies', () => {
    const documented = entries('messages').map((entry) => entry.split(/\s+/).join(' '));
    const served = Object.entries(CONTRACTS).flatMap(([by, contracts]) =>
      contracts.flatMap((contract: Contract) =>
        Object.entries(contract.methods).map(([name, method]) => {
          const answer = method.kind === 'unary' ? method.response : method.item;
          return `${name} ${by} ${method.kind} ${method.request.maxBytes} ${answer.maxBytes}`;
        }),
      ),
    );
    expect(documented.sort()).toEqual(served.sort());
  });
});

describe('vectors of PROTOCOL.md', () => {
  it.each(entries('vector').map(partsOf))('$left : $middle', ({ left, middle, hex }) => {
    const codec = codecOf(left);
    const value = fromJson(codec.schema, JSON.parse(middle));
    expect(toHex(encode(codec, value))).toBe(hex);
    expect(decode(codec, fromHex(hex))).toEqual(value);
  });

  it.each(entries('reading').map(partsOf))('$left reads $hex', ({ left, middle, hex }) => {
    const codec = codecOf(left);
    expect(decode(codec, fromHex(hex))).toEqual(fromJson(codec.schema, JSON.parse(middle)));
  });

  it.each(entries('refusal').map(partsOf))('$left refuses $hex', ({ left, middle, hex }) => {
    expect(() => decode(codecOf(left), fromHex(hex))).toThrow(expect.objectContaining({ code: middle }));
  });

  it.each(entries('frame').map(partsOf))('the frame $left', ({ left, middle, hex }) => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 16 });
    decoder.push(fromHex(hex));
    expect(decoder.next()).toEqual({ type: left, payload: fromHex(middle) });
    expect(toHex(...encodeFrame(left, fromHex(middle)))).toBe(hex);
  });

  it.each(entries('bad_frame').map(partsOf))('not a frame: $left', ({ middle, hex }) => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 16 });
    decoder.push(fromHex(hex));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: middle }));
  });

  it.each(entries('merkle').map(partsOf))('the hashes of $left', ({ left, middle, hex }) => {
    const [size = 0, pieceLength = 0] = left.split(' / ').map(Number);
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
    const { root, pieceLayer } = createManifest({ name: 'any', bytes, pieceLength });
    expect({ root: toHex(root), pieceLayer: toHex(pieceLayer) }).toEqual({ root: middle, pieceLayer: hex });
  });

  it('cover every layout of a message but those that another one stands for', () => {
    const shown = new Set(entries('vector').map((entry) => layouts.get(partsOf(entry).left)));
    const missing = [...layouts].filter(([name, codec]) => name.includes('.') && !shown.has(codec));
    expect(missing.map(([name]) => name)).toEqual(['logout.request']);
  });
});

describe('conversations of PROTOCOL.md', () => {
  const hash = createManifest({ name: 'digits.txt', bytes: new TextEncoder().encode('0123456789') }).root;
  const file = { groupId: 'friends', root: hash };
  const all = { kind: 'all', pieces: 1, bitfield: new Uint8Array([0x80]) } as const;
  const items = [
    { kind: 'piece', index: 0, leafHashes: hash },
    { kind: 'block', offset: 0, data: new TextEncoder().encode('0123456789') },
  ] as const;

  const shown = { groupId: 'friends', proof: bobProof, stamp: stampOf('bob', bob) };
  const answered = { proof: aliceProof, stamp: stampOf('alice', alice) };

  it('with a serving peer: it answers these bytes', async () => {
    const clock = createManualClock();
    const served = serve(peerContract, {
      async present_membership(request) {
        expect(request).toEqual(shown);
        return answered;
      },
      async *send_piece_info(request, { signal }) {
        expect(request).toEqual(file);
        yield all;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      async send_piece_layer(request) {
        expect(request).toEqual({ ...file, first: 0, count: 1 });
        return { hashes: hash };
      },
      async *send_pieces(request) {
        expect(request).toEqual({ ...file, want: [0], maxPieces: 1, begun: [] });
        yield* items;
      },
    });
    const network = createMemoryNetwork();
    await network.listen({ host: 'peer', port: 1 }, (channel) =>
      createConnection({ channel, clock, serve: [served], trusted: true }),
    );
    const channel = await network.connect({ host: 'peer', port: 1 });
    await play(conversation('peer'), { side: 'C', channel, clock });
  });

  it('with a calling peer: it sends these bytes', async () => {
    const clock = createManualClock();
    const network = createMemoryNetwork();
    const played = Promise.withResolvers<void>();
    await network.listen({ host: 'peer', port: 1 }, (channel) =>
      play(conversation('peer'), { side: 'S', channel, clock }).then(played.resolve, played.reject),
    );
    const channel = await network.connect({ host: 'peer', port: 1 });
    await using connection = createConnection({ channel, clock, trusted: true });
    await Promise.all([
      callAll(connection.client(peerContract)).then(() => connection.close()),
      played.promise,
    ]);
  });

  async function callAll(peer: Client<typeof peerContract>): Promise<void> {
    expect(await peer.present_membership(shown)).toEqual(answered);
    const info = peer.send_piece_info(file)[Symbol.asyncIterator]();
    expect(await info.next()).toEqual({ done: false, value: all });
    expect(await peer.send_piece_layer({ ...file, first: 0, count: 1 })).toEqual({ hashes: hash });
    const received: unknown[] = [];
    const pieces = peer.send_pieces({ ...file, want: [0], maxPieces: 1, begun: [] }, { windowBytes: 100 });
    for await (const item of pieces) received.push(item);
    expect(received).toEqual(items);
    await info.return?.();
  }

  it('with a tracker: it answers these bytes', async () => {
    const clock = createManualClock();
    const stored =
      '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
    await using service = await openTrackerService({
      identity: tracker,
      journal: createMemoryJournal(),
      passwords: {
        hash: async () => stored,
        verify: async (password, known) => known === stored && password === 'correct horse',
        isOutdated: () => false,
      },
      clock,
      random: createSeededRandom(1),
      limits: DEFAULT_LIMITS,
      allowSync: () => true,
    });
    const network = createMemoryNetwork();
    await network.listen({ host: 'tracker', port: 1 }, (channel) =>
      service.accept(createConnection({ channel, clock, serve: service.served })),
    );
    const channel = await network.from('alice', alice.deviceId).connect({ host: 'tracker', port: 1 });
    await play(conversation('tracker'), { side: 'C', channel, clock });
  });

  it.each(['peer', 'tracker'])('with a %s: its bodies and entries are the document’s layouts', (title) => {
    const read = conversation(title).flatMap(({ type, payload }) => bodyOf(messages, type, payload));
    const journal = read.flatMap(({ name, value }) => (name === 'sync.response' ? entriesOf(value) : []));
    for (const bytes of journal) {
      const entry = codecOf('Entry');
      expect(toHex(encode(entry, decode(entry, bytes)))).toBe(toHex(bytes));
    }
    const printed = entries('vector')
      .map(partsOf)
      .filter(({ left }) => left === 'Entry');
    if (title === 'tracker') expect(toHex(...journal)).toContain(printed[0]?.hex);
    expect(read.length).toBeGreaterThan(5);
  });
});

describe('tables of PROTOCOL.md', () => {
  const sections = [
    '13.1 Answers to calls',
    '13.2 Goodbyes',
    '13.3 Found at home',
    '13.4 Values, frames and names',
  ];

  it('name every error code, and none that is gone', () => {
    const documented = sections.flatMap((section) => [...tableRows(`### ${section}`).keys()]);
    expect(documented.toSorted()).toEqual([...errorCodes()].toSorted());
  });

  it('have the limits of a connection, all of them', () => {
    const documented = Object.fromEntries(
      [...tableRows('### 14.2 Connections')].map(([name, value]) => [name, Number(value)]),
    );
    expect(documented).toEqual(defaultRpcLimits);
  });

  it('have the limits of a tracker that its clients can notice', () => {
    for (const [name, value] of tableRows('### 14.3 Trackers'))
      expect({ [name]: Number(value) }).toEqual({ [name]: Reflect.get(DEFAULT_LIMITS, name) });
  });

  it('say of every message who may call it and what it may answer, in a table or below its layout', () => {
    const names = ALL_CONTRACTS.flatMap(({ methods }) => Object.keys(methods));
    const explained = [
      '## 8. Messages that a tracker serves',
      '## 9. Messages that a tracker sends',
      '## 10. Messages between peers',
    ];
    const rows = explained.flatMap((heading) => [...tableRows(heading).keys()]);
    expect(names.filter((name) => !rows.includes(name))).toEqual(['announce']);
  });
});

/** The journal entries of a `sync.response`. */
function entriesOf(value: unknown): readonly Uint8Array[] {
  // Read by the codec of `sync.response`, whose entries are bytes.
  return (value as { readonly entries: readonly Uint8Array[] }).entries;
}
