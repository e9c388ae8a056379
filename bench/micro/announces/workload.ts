/**
 * Who announces what in the `announces` figure, the same to every tracker: 64 devices, 96 files, and each device looks for
 * a sixth of them, so that an answer names about ten peers.
 */
import { createHash } from 'node:crypto';

export const DEVICES = 64;
const FILES = 96;
const CLASSES = 6;
/** Peers wanted in an answer; more than there are. */
export const WANTED_PEERS = 50;
export const FIRST_PORT = 20_000;

/** Files by number: 32 bytes each, of which a BitTorrent tracker gets the first 20. */
export const ROOTS: readonly Uint8Array[] = Array.from(
  { length: FILES },
  (_, number) => new Uint8Array(createHash('sha256').update(`file ${number}`).digest()),
);

/** The files that a device announces, one after the other. */
export function rootsOf(device: number): readonly Uint8Array[] {
  return ROOTS.filter((_, number) => number % CLASSES === device % CLASSES);
}

/** The devices that announce the same files as this one, itself included. */
export function swarmSize(device: number): number {
  return Array.from({ length: DEVICES }, (_, other) => other).filter(
    (other) => other % CLASSES === device % CLASSES,
  ).length;
}

/** What a load generator answers. */
export interface Load {
  readonly announces: number;
  readonly seconds: number;
}

/** What a load generator is told: for how long to announce, after every device has announced every file of its once. */
export interface LoadOrder {
  readonly measuredMs: number;
}
