/**
 * Names that must never reach a file system, made by combining what attackers and accidents used: see the regressions
 * named in the tests. Every name here is refused.
 */

const SEPARATORS = ['/', '\\', '/../', '\\..\\', '/./', '//', '\\\\', '/.'];
const CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x21 }, (_, offset) => String.fromCharCode(0x7f + offset)),
  '\u2028',
  '\u2029',
];
const BIDI = [
  0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
].map((code) => String.fromCharCode(code));
const FORBIDDEN = ['<', '>', ':', '"', '|', '?', '*', '::$DATA', ':stream', ':$i30:$bitmap'];
const LONE_SURROGATES = ['\ud800', '\udbff', '\udc00', '\udfff', '\ude00\ud83d'];
const DENORMAL = [
  'e\u0301',
  'A\u030a',
  '\u212b',
  '\u1100\u1161',
  'a\u0323\u0307'.normalize('NFD'),
  '\u2126',
  '\u0344',
];
const DEVICES = [
  ...['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$'],
  ...['COM', 'LPT'].flatMap((port) => [...'0123456789\u00b9\u00b2\u00b3'].map((digit) => port + digit)),
];
const ENDINGS = [' ', '.', '...', '. .', '\t', '\u00a0', '\u3000', '\u2003', ' .'];
const STEMS = ['', 'a', 'report.pdf', 'x'.repeat(100), '..', 'C', '日本語', '🙂'];
const TAILS = ['', 'b', '.txt', 'etc/passwd'];

/** All of them, without doubles. */
export function hostileNames(): string[] {
  const middles = [...SEPARATORS, ...CONTROLS, ...BIDI, ...FORBIDDEN, ...LONE_SURROGATES, ...DENORMAL];
  const names = [
    ...STEMS.flatMap((stem) => middles.flatMap((middle) => TAILS.map((tail) => stem + middle + tail))),
    ...STEMS.flatMap((stem) => ENDINGS.map((ending) => stem + ending)),
    ...DEVICES.flatMap(deviceNames),
    ...['', '.', '..', ' a', '\u3000a', '\u00a0'],
    ...['a'.repeat(256), 'é'.repeat(128), '🙂'.repeat(64), '日'.repeat(86), 'a'.repeat(1_000_000)],
  ];
  return [...new Set(names)];
}

function deviceNames(device: string): string[] {
  const endings = ['', '.txt', '.tar.gz', ' .txt', '.', '  ', ' .'];
  const spellings = [device, device.toLowerCase(), `${device[0]}${device.slice(1).toLowerCase()}`];
  return spellings.flatMap((spelling) => endings.map((ending) => spelling + ending));
}
