import { describe, expect, test } from 'vitest';
import { ItemStream } from '../src/item-stream.ts';

function createStream() {
  const events: string[] = [];
  const items = new ItemStream({
    read: (payloadBytes) => events.push(`read ${payloadBytes}`),
    left: () => events.push('left'),
  });
  return { items, events };
}

const done = { done: true, value: undefined };

describe('ItemStream', () => {
  test('answers several next() at once in order', async () => {
    const { items, events } = createStream();
    const answers = Promise.all([items.next(), items.next(), items.next()]);
    items.push('a', 1);
    items.push('b', 2);
    items.end();
    expect(await answers).toEqual([{ done: false, value: 'a' }, { done: false, value: 'b' }, done]);
    expect(events).toEqual(['read 1', 'read 2']);
  });

  test('a failure goes to the first that waits, the others are done', async () => {
    const { items } = createStream();
    const [first, second] = [items.next(), items.next()];
    items.fail(new Error('broken'));
    items.fail(new Error('again'));
    await expect(first).rejects.toThrow('broken');
    expect(await second).toEqual(done);
    expect(await items.next()).toEqual(done);
  });

  test('return() says so once, before it drops what is unread, which then earns the sender no credit', async () => {
    const { items, events } = createStream();
    items.push('a', 1);
    items.push('b', 2);
    expect(await items.return()).toEqual(done);
    expect(await items.return()).toEqual(done);
    items.push('late', 3);
    expect(await items.next()).toEqual(done);
    expect(events).toEqual(['left', 'read 1', 'read 2', 'read 3']);
  });

  test('return() after the end or a failure has nobody to tell', async () => {
    const { items, events } = createStream();
    items.fail(new Error('broken'));
    await items.return();
    expect(await items.next()).toEqual(done);
    expect(events).toEqual([]);
  });

  test('abandon() throws at the reader without what is unread', async () => {
    const { items } = createStream();
    items.push('a', 1);
    items.abandon(new Error('too late'));
    await expect(items.next()).rejects.toThrow('too late');
  });
});
