/** A listener that answers every call of whoever connects with mutated answers. */
import type { Channel } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import type { Frame } from '@minitorrent/wire-codec';
import { makeAnswer } from './batch.ts';
import { Chance } from './chance.ts';
import type { Corpus } from './corpus.ts';
import { KIND, readVarint } from './frames.ts';
import { Link } from './link.ts';
import type { Target } from './orders.ts';

export interface Hostile extends AsyncDisposable {
  readonly target: Target;
  /** Frames that were answered to calls. */
  readonly frames: number;
  readonly connections: number;
  /** Resolves when so many frames were sent. */
  hasSent(frames: number): Promise<void>;
}

/** What a caller gets to close a connection on which the rules were broken, before this side does. */
const REACTION_MS = 20;

export async function listenAsHostile(corpus: Corpus, seed: number): Promise<Hostile> {
  const identity = createIdentity();
  const network = createTlsNetwork({ identity });
  const links = new Set<Link>();
  let frames = 0;
  let connections = 0;
  let wake = (): void => {};
  let isOver = false;

  function accept(channel: Channel): void {
    if (isOver) {
      channel.destroy();
      return;
    }
    const chance = new Chance(seed, connections);
    connections += 1;
    const answerTo = (asked: Frame): void => {
      const id = readVarint(asked.payload, 1);
      const message = corpus.messages.find(({ name }) => name === asked.type);
      if (asked.payload[0] !== KIND.request || id === undefined || message === undefined) return;
      const answer = makeAnswer(message, id.value, corpus, chance);
      frames += answer.frames.length;
      link.send(...answer.frames);
      if (answer.mayEnd) setTimeout(() => link.destroy(), REACTION_MS);
      wake();
    };
    const link = new Link(channel, answerTo);
    links.add(link);
    void link.closed.then(() => links.delete(link));
  }

  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, accept);
  return {
    target: { address: listener.address, pin: identity.deviceId },
    get frames() {
      return frames;
    },
    get connections() {
      return connections;
    },
    async hasSent(wanted) {
      while (frames < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await listener.close();
      for (const link of links) link.destroy();
    },
  };
}
