/** A way to PostgreSQL that can lose answers, fall silent or be cut. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface PostgresProxy extends AsyncDisposable {
  /** The database of the given URL, through here. */
  readonly url: string;
  /** From now on passes nothing on, either way; connections stay open, and new ones are taken. */
  silence(): void;
  /** Passes everything on again. */
  heal(): void;
  /** Cuts every connection. */
  cut(): void;
  /** Cuts the next connection on which a request with `text` goes out, when its answer comes back: nobody sees that. */
  loseAnswerTo(text: string, options?: { readonly thenRefuse?: boolean }): void;
  /** Answers that were lost. */
  readonly lost: number;
}

export async function createPostgresProxy(target: string): Promise<PostgresProxy> {
  const { searchParams, pathname } = new URL(target);
  const path = `${searchParams.get('host')}/.s.PGSQL.5432`;
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  let isRefusing = false;
  let losing: string | undefined;
  let refuseThen = false;
  let lost = 0;
  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    const upstream = connect(path);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let isLosing = false;
    client.on('data', (bytes: Buffer) => {
      if (losing !== undefined && bytes.includes(losing)) {
        losing = undefined;
        isLosing = true;
      }
      if (!isSilent) upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      if (isLosing) {
        lost += 1;
        isRefusing = refuseThen;
        if (refuseThen) cut();
        else client.destroy();
      } else if (!isSilent) client.write(bytes);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // The other end learns of it by the close.
      one.on('error', () => {});
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  return {
    url: `postgresql://tests@127.0.0.1:${address.port}${pathname}`,
    get lost() {
      return lost;
    },
    silence: () => {
      isSilent = true;
    },
    heal: () => {
      isSilent = false;
      isRefusing = false;
    },
    cut,
    loseAnswerTo: (text, options) => {
      losing = text;
      refuseThen = options?.thenRefuse === true;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
