import { describe, expect, expectTypeOf, it } from 'vitest';
import { EventHub } from '../src/event-hub.ts';

interface Events {
  moved: [x: number, y: number];
  ended: [];
}

describe('EventHub', () => {
  it('tells listeners in order, until they leave', () => {
    const hub = new EventHub<Events>();
    const heard: string[] = [];
    const first = (x: number, y: number): void => void heard.push(`first ${x} ${y}`);
    hub.on('moved', first);
    hub.on('moved', (x, y) => heard.push(`second ${x} ${y}`));
    hub.emit('moved', 1, 2);
    hub.off('moved', first);
    hub.emit('moved', 3, 4);
    hub.emit('ended');
    expect(heard).toEqual(['first 1 2', 'second 1 2', 'second 3 4']);
  });

  it('surfaces what a listener throws and goes on with the others', () => {
    const surfaced: unknown[] = [];
    const hub = new EventHub<Events>((error) => surfaced.push(error));
    const error = new Error('broken listener');
    let heard = 0;
    hub.on('ended', () => {
      throw error;
    });
    hub.on('ended', () => {
      heard += 1;
    });
    hub.emit('ended');
    expect(surfaced).toEqual([error]);
    expect(heard).toBe(1);
  });

  it('types the arguments of each event', () => {
    const hub = new EventHub<Events>();
    hub.on('moved', (...args) => expectTypeOf(args).toEqualTypeOf<[x: number, y: number]>());
    // @ts-expect-error a number is missing
    hub.emit('moved', 1);
  });
});
