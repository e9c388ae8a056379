/**
 * Golden frames: the bytes of version 1, for ever. `PROTOCOL.md` prints them; every later version must read them.
 */

/** One frame and what it says. */
export interface GoldenFrame {
  readonly name: string;
  readonly says: string;
  /** The whole frame in hexadecimal. */
  readonly hex: string;
}

export const goldenFrames = {
  hello: {
    name: 'hello',
    says: 'versions 1 to 1, 64 calls at once',
    hex: '4d54' + '05' + '68656c6c6f' + '00000007' + '00000003' + '01' + '01' + '40',
  },
  unaryRequest: {
    name: 'request (unary)',
    says: 'call 1 of greet, no window, { name: "Ada" }',
    hex: '4d54' + '05' + '6772656574' + '00000007' + '01' + '01' + '00' + '03416461',
  },
  streamRequest: {
    name: 'request (stream)',
    says: 'call 300 of count, a window of 1 MiB, { to: 3 }',
    hex: '4d54' + '05' + '636f756e74' + '0000000a' + '01' + 'ac02' + '808040' + '00000003',
  },
  response: {
    name: 'response',
    says: 'call 1 of greet, { greeting: "Hello Ada" }',
    hex: '4d54' + '05' + '6772656574' + '0000000c' + '02' + '01' + '0948656c6c6f20416461',
  },
  error: {
    name: 'error',
    says: 'call 1 of greet, code "busy", message "Come back later"',
    hex:
      '4d54' +
      '05' +
      '6772656574' +
      '0000001b' +
      '03' +
      '01' +
      '00000015' +
      '0462757379' +
      '0f436f6d65206261636b206c61746572',
  },
  item: {
    name: 'item',
    says: 'call 300 of count, the item 7',
    hex: '4d54' + '05' + '636f756e74' + '00000007' + '04' + 'ac02' + '00000007',
  },
  end: {
    name: 'end',
    says: 'call 300 of count',
    hex: '4d54' + '05' + '636f756e74' + '00000003' + '05' + 'ac02',
  },
  cancel: {
    name: 'cancel',
    says: 'call 300 of count',
    hex: '4d54' + '05' + '636f756e74' + '00000003' + '06' + 'ac02',
  },
  credit: {
    name: 'credit',
    says: 'call 300 of count, 512 KiB more',
    hex: '4d54' + '05' + '636f756e74' + '00000006' + '07' + 'ac02' + '808020',
  },
  ping: { name: 'ping', says: 'are you there?', hex: '4d54' + '04' + '70696e67' + '00000000' },
  pong: { name: 'pong', says: 'I am', hex: '4d54' + '04' + '706f6e67' + '00000000' },
  question: {
    name: 'ping (a question)',
    says: 'have you read all this?',
    hex: '4d54' + '04' + '70696e67' + '00000002' + 'ac02',
  },
  arrived: {
    name: 'pong (its answer)',
    says: 'all before ping 300',
    hex: '4d54' + '04' + '706f6e67' + '00000002' + 'ac02',
  },
  goodbye: {
    name: 'goodbye',
    says: 'no further calls, all is well',
    hex: '4d54' + '07' + '676f6f64627965' + '00000005' + '00000001' + '00',
  },
  failedGoodbye: {
    name: 'goodbye (with an error)',
    says: 'code "idle_timeout", message "Silence"',
    hex:
      '4d54' +
      '07' +
      '676f6f64627965' +
      '0000001e' +
      '0000001a' +
      '01' +
      '00000015' +
      '0c69646c655f74696d656f7574' +
      '0753696c656e6365',
  },
} as const satisfies Readonly<Record<string, GoldenFrame>>;
