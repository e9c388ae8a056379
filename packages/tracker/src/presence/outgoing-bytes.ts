/**
 * Memory for answers on their way out: pages that are filled from front to back and never written again, so that most
 * answers cost no memory of their own, and stay what they were for as long as they wait to be sent.
 */

const PAGE_BYTES = 64 * 1024;

export class OutgoingBytes {
  #page = new Uint8Array(PAGE_BYTES);
  /** Where the next bytes go in `page`. */
  #end = 0;

  /** Where to write: `end` and what lies behind it, to be ended by `take`. */
  get page(): Uint8Array {
    return this.#page;
  }

  get end(): number {
    return this.#end;
  }

  /** Makes sure that so many bytes can be written from `end` on. */
  reserve(mostBytes: number): void {
    if (this.#page.length - this.#end >= mostBytes) return;
    this.#page = new Uint8Array(Math.max(PAGE_BYTES, mostBytes));
    this.#end = 0;
  }

  /** The bytes that were written, up to `end` in the page. */
  take(end: number): Uint8Array {
    const bytes = this.#page.subarray(this.#end, end);
    this.#end = end;
    return bytes;
  }
}
